"""Signing in at a provider: the way out, and the way back.

The way out is a plain link, so that it works without scripts; another site that leads somebody
here is sent to the sign-in page instead, where only they themselves go on.
"""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from app.core.address import base_address
from app.core.errors import AppError, Forbidden, NotFound, Unauthenticated
from app.ui.cookies import drop_way_token, keep_way_token, read_way_token
from app.ui.forms import (
    browser_of,
    language_of,
    own_path,
    read_sent,
    refusal,
    resources_of,
    status_of,
    success,
)
from app.ui.lending import DONE, Asked, lent, prepare
from app.ui.pages import page
from app.ui.provider_buttons import PATH
from app.ui.refusal import database_expected
from app.ui.sign_in import login_page, require_page_session, welcome
from app.users.permissions import Permission
from app.users.proof import require_recent_proof
from app.users.providers.accounts import enter, link, note_refusal
from app.users.providers.flow import Outset, Returned, Wish, arrive, cookie_of, set_out, take
from app.users.providers.presets import get_provider
from app.users.signed_in import SignedIn

router = APIRouter(include_in_schema=False)


class At(BaseModel):
    """Where the browser goes on."""

    at: str


@router.get(PATH + "/{name}")
async def go(request: Request, name: str, next: str = "/", invitation: str = "") -> Response:
    """Send the browser to a provider, and note what must be the same when it is back."""
    wanted = own_path(next)
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return RedirectResponse(f"/login?{urlencode({'next': wanted})}", 303)
    wish = Wish(next=wanted, invitation=invitation or None)
    try:
        outset = await _set_out(request, name, wish)
    except AppError as error:
        return _page_again(request, error, wanted)
    answer = RedirectResponse(outset.url, 303)
    keep_way_token(answer, outset.cookie, outset.token, request, _public_url(request))
    return answer


@router.post(PATH + "/{name}/link")
async def go_to_link(request: Request, name: str) -> Response:
    """Begin to link an account elsewhere to one's own, after a fresh sign-in. JSON for our page."""
    signed_in: SignedIn | None = request.state.signed_in
    sent = await read_sent(request)
    try:
        if signed_in is None:
            raise NotFound("There is no such way to sign in here.")
        require_recent_proof(signed_in)
        wish = Wish(
            next=own_path(str(sent.values.get("next", "/"))),
            link_to=signed_in.user_id,
            session_id=signed_in.session_id,
        )
        outset = await _set_out(request, name, wish)
    except AppError as error:
        return refusal(request, error)
    answer = success(At(at=outset.url))
    keep_way_token(answer, outset.cookie, outset.token, request, _public_url(request))
    return answer


@router.post(PATH + "/{name}/lend")
async def go_to_lend(request: Request, name: str) -> Response:
    """Begin to let a server of tools work with one's account there. JSON for our page.

    Who has no account linked there proves first who they are, for it becomes a way to sign in.
    """
    signed_in: SignedIn | None = request.state.signed_in
    sent = await read_sent(request)
    try:
        if signed_in is None:
            raise NotFound("There is no such way to sign in here.")
        signed_in.require(Permission.SERVERS_WRITE)
        lending = await prepare(request, signed_in, name, sent.read(Asked).server_id)
        wish = Wish(
            next=str(sent.values.get("next") or DONE),
            link_to=signed_in.user_id,
            session_id=signed_in.session_id,
            lend=lending,
        )
        outset = await _set_out(request, name, wish)
    except AppError as error:
        return refusal(request, error)
    answer = success(At(at=outset.url))
    keep_way_token(answer, outset.cookie, outset.token, request, _public_url(request))
    return answer


@router.get(PATH + "/{name}/callback")
async def come_back(
    request: Request,
    name: str,
    state: str = "",
    code: str | None = None,
    error: str | None = None,
    iss: str | None = None,
) -> Response:
    """Take whom a provider sends back, and go on to where they wanted."""
    resources, cookie, wish = resources_of(request), cookie_of(state), Wish()
    try:
        with database_expected():
            provider = get_provider(resources.settings, name)
            token = read_way_token(request, cookie, _public_url(request))
            pending = await take(resources, provider, state, token)
            wish = pending.wish
            said = Returned(state=state, code=code, error=error, iss=iss)
            arrival = await arrive(resources, provider, pending, said)
            if wish.link_to is None:
                begun = await enter(resources, browser_of(request), provider, arrival)
                answer = await welcome(request, begun, own_path(wish.next))
            else:
                linked = await link(resources, provider, arrival, require_page_session(request))
                answer = await lent(request, wish, linked)
    except AppError as problem:
        if isinstance(problem, (Forbidden, Unauthenticated)):
            await note_refusal(resources, name, problem)
        if wish.link_to is None:
            answer = _page_again(request, problem, own_path(wish.next))
        else:
            answer = page("not_linked", language_of(request), status=status_of(problem),
                          problem=str(problem), next=own_path(wish.next))  # fmt: skip
    drop_way_token(answer, cookie)
    return answer


async def _set_out(request: Request, name: str, wish: Wish) -> Outset:
    resources = resources_of(request)
    provider = get_provider(resources.settings, name)
    redirect_uri = f"{base_address(request)}{PATH}/{provider.name}/callback"
    return await set_out(resources, provider, redirect_uri=redirect_uri, wish=wish)


def _page_again(request: Request, error: AppError, next: str) -> Response:
    """The sign-in page, with what went wrong: whoever has a password can go on at once."""
    answer = login_page(request, next=next, problem=error)
    answer.status_code = 404 if isinstance(error, NotFound) else answer.status_code
    return answer


def _public_url(request: Request) -> str | None:
    return resources_of(request).settings.public_url
