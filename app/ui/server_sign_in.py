"""Where people come back to from signing in to a server, and where Keiko says who it is there."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from app.core.errors import AppError
from app.core.language import preferred_language
from app.core.resources import Resources
from app.mcp.oauth.flow import Returned, finish
from app.mcp.oauth.registration import CALLBACK, DOCUMENT, describe, find_document
from app.mcp.trying import have_looked_at_as
from app.turns.questions import answer_sign_in
from app.ui.forms import STATUS, own_path
from app.ui.pages import page
from app.ui.refusal import database_expected, failure
from app.ui.sign_in import require_page_session
from app.users.permissions import Permission
from app.users.signed_in import SignedIn

router = APIRouter(include_in_schema=False)


@router.get(CALLBACK)
async def come_back(
    request: Request,
    signed_in: Annotated[SignedIn, Depends(require_page_session)],
    state: str = "",
    code: str | None = None,
    error: str | None = None,
    iss: str | None = None,
) -> Response:
    """Keep the sign-in; what waited for it goes on. Then back to where it was begun."""
    resources: Resources = request.state.resources
    language = preferred_language(request.headers.get("accept-language"))
    said = Returned(state=state, code=code, error=error, iss=iss)
    try:
        with database_expected():
            signed_in.require(Permission.SERVERS_WRITE)
            done = await finish(resources, signed_in.user_id, said)
            await answer_sign_in(resources, signed_in.user_id, done.server_id)
    except AppError as problem:
        return page("not_with_server", language, status=STATUS[type(problem)], problem=str(problem))
    await have_looked_at_as(resources, done.server_id, signed_in.user_id)
    if done.back:
        return RedirectResponse(own_path(done.back), 303)
    return page("with_server", language, server=done.server_name)


@router.api_route(DOCUMENT, methods=["GET", "HEAD"])
async def get_document(request: Request) -> Response:
    """Keiko's client metadata document, for authorization servers that read such."""
    resources: Resources = request.state.resources
    if find_document(resources.settings) is None:
        return failure(request, 404, "not_found", f"There is nothing at {DOCUMENT}.")
    headers = {"Cache-Control": "public, max-age=3600"}
    return JSONResponse(describe(resources.settings.public_url or ""), headers=headers)
