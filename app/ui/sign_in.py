"""Signing in and out, and choosing name and password behind a one-time link.

Each form works as a plain form (303 or the page again, with what was wrong) and, for the page's
script and for programs, as JSON (the product's envelope).
"""

from typing import Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict

from app.core.errors import AppError, Invalid, NotFound
from app.ui.cookies import (
    PENDING,
    drop_short,
    drop_token,
    keep_known,
    keep_short,
    keep_token,
)
from app.ui.forms import (
    STATUS,
    browser_of,
    language_of,
    note,
    own_path,
    read_sent,
    refusal,
    resources_of,
    status_of,
    success,
)
from app.ui.pages import page
from app.ui.pages.texts import NOT_EQUAL
from app.ui.party import party_of
from app.ui.provider_buttons import ways
from app.ui.provider_leaving import find_leave, leave, note_leave
from app.ui.refusal import database_expected
from app.users.invitations import require_invitation
from app.users.known_browsers import remember
from app.users.models import Role
from app.users.sessions import end_session
from app.users.sign_in import Begun, SecondFactorNeeded, Started, set_up, sign_in
from app.users.signed_in import SignedIn

router = APIRouter(include_in_schema=False)

SECOND_FACTOR = "/login/second-factor"
SET_UP_FACTOR = "/login/set-up"
"""The pages between the first proof and the session."""


class Credentials(BaseModel):
    """What somebody signs in with."""

    model_config = ConfigDict(strict=True, extra="forbid")

    username: str
    password: str


class Choice(Credentials):
    """The name and the password that somebody chooses, the password twice."""

    password_again: str


class Welcome(BaseModel):
    """Who is signed in now."""

    model_config = ConfigDict(from_attributes=True)

    user_id: UUID
    username: str
    full_name: str | None
    role: Role


class MoreNeeded(BaseModel):
    """There is no session yet: `at` is the page that asks for the second factor."""

    second_factor: Literal["needed", "set_up"]
    at: str


def require_page_session(request: Request) -> SignedIn:
    """Dependency of every page: who is signed in, or a way over the login and back."""
    signed_in: SignedIn | None = request.state.signed_in
    if signed_in is not None:
        return signed_in
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    wanted = f"{path}?{query}" if query else path
    login = "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='/')}"
    raise HTTPException(303, headers={"Location": login, "Cache-Control": "no-store"})


@router.get("/login")
async def show_login(request: Request, next: str = "/") -> Response:
    """The page to sign in on; who is signed in goes on at once."""
    if request.state.signed_in is not None:
        return RedirectResponse(own_path(next), 303)
    if (away := await leave(request)) is not None:
        return away
    return login_page(request, next=own_path(next))


def login_page(
    request: Request, *, next: str, username: str = "", problem: AppError | None = None
) -> Response:
    """The page to sign in on, with what was wrong."""
    note(request, problem)
    return page(
        "sign_in",
        language_of(request),
        status=status_of(problem) if problem else 200,
        problem=str(problem or ""),
        next=next,
        given_username=username,
        passkeys="" if party_of(request) else "off",
        ways=ways(resources_of(request).settings, language_of(request), next=next),
    )


@router.post("/auth/login")
async def log_in(request: Request) -> Response:
    """Begin a session, always with a new token; the one that this browser had is over."""
    sent = await read_sent(request)
    try:
        with database_expected():
            given = sent.read(Credentials)
            begun = await sign_in(
                resources_of(request),
                browser_of(request),
                username=given.username,
                password=given.password,
            )
            return await welcome(request, begun, sent.next, is_form=sent.is_form)
    except AppError as error:
        if not sent.is_form:
            return refusal(request, error)
        given_name = str(sent.values.get("username", ""))
        return login_page(request, next=sent.next, username=given_name, problem=error)


@router.post("/auth/logout")
@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session of this browser; its sockets close. Chainlit's page asks `/logout`."""
    sent = await read_sent(request)
    signed_in: SignedIn | None = request.state.signed_in
    leaving = await find_leave(request, signed_in)
    try:
        with database_expected():
            if signed_in is not None:
                await end_session(resources_of(request), signed_in.session_id)
    except AppError as error:
        return refusal(request, error)
    answer = RedirectResponse("/login", 303) if sent.is_form else success(None)
    drop_token(answer)
    note_leave(request, answer, leaving)
    return answer


@router.get("/setup/{token}")
async def show_set_up(request: Request, token: str) -> Response:
    """The page to choose name and password on, as long as the link can be used."""
    language = language_of(request)
    try:
        with database_expected():
            async with resources_of(request).db.transaction() as session:
                await require_invitation(session, token)
    except NotFound:
        return page("link_over", language, status=410)
    except AppError as error:
        return refusal(request, error)
    buttons = ways(resources_of(request).settings, language, invitation=token)
    return page("set_up", language, action=f"/setup/{token}", given_username="", ways=buttons)


@router.post("/setup/{token}")
async def choose(request: Request, token: str) -> Response:
    """Make the account behind the link and sign it in."""
    sent = await read_sent(request)
    try:
        with database_expected():
            given = sent.read(Choice)
            if given.password != given.password_again:
                raise Invalid(NOT_EQUAL, field="password_again")
            begun = await set_up(
                resources_of(request),
                browser_of(request),
                token=token,
                username=given.username,
                password=given.password,
            )
            return await welcome(request, begun, sent.next, is_form=sent.is_form)
    except AppError as error:
        if not sent.is_form:
            return refusal(request, error)
        if isinstance(error, NotFound):
            return page("link_over", language_of(request), status=STATUS[NotFound])
        return page(
            "set_up",
            language_of(request),
            status=status_of(error),
            problem=str(error),
            action=f"/setup/{token}",
            given_username=str(sent.values.get("username", "")),
            ways=ways(resources_of(request).settings, language_of(request), invitation=token),
        )


async def welcome(
    request: Request, begun: Begun, next: str = "/", *, is_form: bool = True
) -> Response:
    """Where every way in leads: on to `next`, or over the page that asks for a second factor.

    The browser gets its new session's cookie, and the session that it had is over.
    """
    resources = resources_of(request)
    if isinstance(begun, SecondFactorNeeded):
        at = SET_UP_FACTOR if begun.must_set_up else SECOND_FACTOR
        answer = (
            RedirectResponse(f"{at}?next={quote(next, safe='/')}", 303)
            if is_form
            else success(
                MoreNeeded(second_factor="set_up" if begun.must_set_up else "needed", at=at)
            )
        )
        keep_short(answer, PENDING, begun.token, request, resources.settings.public_url)
        return answer
    answer = (
        RedirectResponse(next, 303) if is_form else success(Welcome.model_validate(begun.signed_in))
    )
    return await let_in(request, answer, begun)


async def let_in(request: Request, answer: Response, begun: Started) -> Response:
    """Have an answer bring the new session's cookie; the one that the browser had is over."""
    resources = resources_of(request)
    before: SignedIn | None = request.state.signed_in
    if before is not None:
        await end_session(resources, before.session_id)
    drop_short(answer, PENDING, request)
    public_url = resources.settings.public_url
    keep_token(answer, begun.token, request, public_url)
    known = remember(resources, browser_of(request).known, begun.signed_in.username)
    if known is not None:
        keep_known(answer, known, request, public_url)
    return answer
