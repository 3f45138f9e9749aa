"""Signing in and out, and choosing name and password behind a one-time link.

Each form works as a plain form (303 or the page again, with what was wrong) and, for the page's
script and for programs, as JSON (the product's envelope).
"""

import re
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.envelope import Success
from app.core.errors import (
    AppError,
    Conflict,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.core.language import preferred_language
from app.core.resources import Resources
from app.ui.cookies import drop_token, keep_token
from app.ui.pages import page
from app.ui.pages.texts import INCOMPLETE, NOT_EQUAL
from app.ui.refusal import database_expected, failure
from app.users.invitations import require_invitation
from app.users.models import Role
from app.users.sessions import Browser, SignedIn, end_session
from app.users.sign_in import Started, set_up, sign_in

router = APIRouter(include_in_schema=False)

STATUS: dict[type[AppError], int] = {
    Conflict: 409,
    Invalid: 422,
    NotFound: 410,
    TooMany: 429,
    Unauthenticated: 401,
    Unavailable: 503,
}
"""The status of each kind of refusal; what is not found here is a link that was used up."""

_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


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


Fields = TypeVar("Fields", bound=BaseModel)


@dataclass(frozen=True)
class _Sent:
    """What came with a request, as a form or as JSON."""

    values: dict[str, Any]
    is_form: bool
    next: str

    def read(self, kind: type[Fields]) -> Fields:
        """The values as this kind of form. Raises `Invalid`."""
        try:
            return kind.model_validate(self.values)
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"]) or None
            raise Invalid(INCOMPLETE, field=field) from error


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
    return page("sign_in", _language(request), next=own_path(next), given_username="")


@router.post("/auth/login")
async def log_in(request: Request) -> Response:
    """Begin a session, always with a new token; the one that this browser had is over."""
    sent = await _read(request)
    try:
        with database_expected():
            given = sent.read(Credentials)
            started = await sign_in(
                _resources(request),
                _browser(request),
                username=given.username,
                password=given.password,
            )
            return await _welcome(request, sent, started)
    except AppError as error:
        if not sent.is_form:
            return _refusal(request, error)
        return page(
            "sign_in",
            _language(request),
            status=STATUS[type(error)],
            problem=str(error),
            next=sent.next,
            given_username=str(sent.values.get("username", "")),
        )


@router.post("/auth/logout")
@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session of this browser; its sockets close. Chainlit's page asks `/logout`."""
    sent = await _read(request)
    signed_in: SignedIn | None = request.state.signed_in
    try:
        with database_expected():
            if signed_in is not None:
                await end_session(_resources(request), signed_in.session_id)
    except AppError as error:
        return _refusal(request, error)
    answer = RedirectResponse("/login", 303) if sent.is_form else _success(None)
    drop_token(answer)
    return answer


@router.get("/setup/{token}")
async def show_set_up(request: Request, token: str) -> Response:
    """The page to choose name and password on, as long as the link can be used."""
    language = _language(request)
    try:
        with database_expected():
            async with _resources(request).db.transaction() as session:
                await require_invitation(session, token)
    except NotFound:
        return page("link_over", language, status=410)
    except AppError as error:
        return _refusal(request, error)
    return page("set_up", language, action=f"/setup/{token}", given_username="")


@router.post("/setup/{token}")
async def choose(request: Request, token: str) -> Response:
    """Make the account behind the link and sign it in."""
    sent = await _read(request)
    try:
        with database_expected():
            given = sent.read(Choice)
            if given.password != given.password_again:
                raise Invalid(NOT_EQUAL, field="password_again")
            started = await set_up(
                _resources(request),
                _browser(request),
                token=token,
                username=given.username,
                password=given.password,
            )
            return await _welcome(request, sent, started)
    except AppError as error:
        if not sent.is_form:
            return _refusal(request, error)
        if isinstance(error, NotFound):
            return page("link_over", _language(request), status=STATUS[NotFound])
        return page(
            "set_up",
            _language(request),
            status=STATUS[type(error)],
            problem=str(error),
            action=f"/setup/{token}",
            given_username=str(sent.values.get("username", "")),
        )


def own_path(wanted: str) -> str:
    """Where to go on: a path of ours, never another site (ASVS 5.0, 3.7.2)."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/"


async def _welcome(request: Request, sent: _Sent, started: Started) -> Response:
    before: SignedIn | None = request.state.signed_in
    if before is not None:
        await end_session(_resources(request), before.session_id)
    answer = (
        RedirectResponse(sent.next, 303)
        if sent.is_form
        else _success(Welcome.model_validate(started.signed_in))
    )
    keep_token(answer, started.token, request, _resources(request).settings.public_url)
    return answer


def _success(data: Welcome | None) -> Response:
    body = Success[Welcome | None](data=data).model_dump_json()
    return Response(body, headers={"Cache-Control": "no-store"}, media_type="application/json")


def _refusal(request: Request, error: AppError) -> Response:
    return failure(
        request,
        STATUS[type(error)],
        error.code,
        str(error),
        field=error.field if isinstance(error, Invalid) else None,
        retry_after=error.retry_after if isinstance(error, TooMany) else None,
    )


async def _read(request: Request) -> _Sent:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = {name: value for name, value in (await request.form()).items()}
        return _Sent(form, True, own_path(str(form.pop("next", "/"))))
    try:
        body = await request.json()
    except ValueError:
        body = None
    return _Sent(body if isinstance(body, dict) else {}, False, "/")


def _language(request: Request) -> str:
    return preferred_language(request.headers.get("accept-language"))


def _resources(request: Request) -> Resources:
    resources: Resources = request.state.resources
    return resources


def _browser(request: Request) -> Browser:
    address = request.client.host if request.client else ""
    return Browser(user_agent=request.headers.get("user-agent", ""), address=address)
