"""Signing out at the provider too: the page goes to `/login` as ever, and from there once on.

A script that has signed out cannot be sent elsewhere by the answer that it gets, and a form's
answer may lead to no foreign host; the sign-in page, which both open next, may.
"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from app.core.address import base_address
from app.core.errors import AppError, Invalid, NotFound
from app.ui.cookies import LEAVING, drop_short, keep_short, read_short
from app.ui.forms import refusal, resources_of
from app.ui.provider_buttons import PATH
from app.ui.refusal import database_expected
from app.users.providers.back_channel import end_at_request
from app.users.providers.leaving import find_way_out, keep_way_out, take_way_out
from app.users.providers.presets import get_provider
from app.users.signed_in import SignedIn

router = APIRouter(include_in_schema=False)


@router.post(PATH + "/{name}/back-channel")
async def signed_out_there(request: Request, name: str) -> Response:
    """A provider says whom it has signed out; no browser, and nobody's session."""
    resources, answered = resources_of(request), {"Cache-Control": "no-store"}
    token = str((await request.form()).get("logout_token", ""))
    try:
        with database_expected():
            provider = get_provider(resources.settings, name)
            await end_at_request(resources, provider, token)
    except (Invalid, NotFound) as error:
        return JSONResponse(
            {"error": "invalid_request", "error_description": str(error)}, 400, answered
        )
    except AppError as error:
        return refusal(request, error)
    return Response(status_code=200, headers=answered)


async def find_leave(request: Request, signed_in: SignedIn | None) -> str | None:
    """The token of the way out at a provider; None where there is none."""
    if signed_in is None:
        return None
    resources = resources_of(request)
    try:
        with database_expected():
            url = await find_way_out(resources, signed_in, f"{base_address(request)}/login")
    except AppError:
        return None
    return await keep_way_out(resources, url) if url else None


def note_leave(request: Request, answer: Response, token: str | None) -> None:
    """Have the browser that has signed out find the way out when it opens the sign-in page."""
    if token:
        public_url = resources_of(request).settings.public_url
        keep_short(answer, LEAVING, token, request, public_url)


async def leave(request: Request) -> Response | None:
    """Send on a browser that has just signed out; None for everybody else."""
    resources = resources_of(request)
    token = read_short(request, LEAVING, resources.settings.public_url)
    url = await take_way_out(resources, token) if token else None
    if url is None:
        return None
    answer = RedirectResponse(url, 303)
    drop_short(answer, LEAVING, request)
    return answer
