"""The second factor on the way in, and passkeys as a way in of their own.

The pages work without scripts for codes; passkeys need the browser's script, and send JSON.
"""

import secrets
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict

from app.core.errors import AppError, Unauthenticated
from app.ui.cookies import ASKED, PENDING, drop_short, keep_short, read_short
from app.ui.forms import (
    Sent,
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
from app.ui.party import party_of, require_party
from app.ui.qr import qr_code
from app.ui.refusal import database_expected
from app.ui.sign_in import SECOND_FACTOR, SET_UP_FACTOR, let_in, login_page, welcome
from app.users import passkeys, second_factor
from app.users.passkeys import binding_of
from app.users.totp import draft_app, open_draft

router = APIRouter(include_in_schema=False)


class Code(BaseModel):
    """A code of an app, or one for recovery."""

    model_config = ConfigDict(strict=True, extra="forbid")

    code: str


class FirstCode(Code):
    """The first code of an app that is being set up, with what the app was told."""

    draft: str


class Credential(BaseModel):
    """What a browser's passkey said (WebAuthn, PublicKeyCredential.toJSON)."""

    model_config = ConfigDict(strict=True, extra="forbid")

    credential: dict[str, Any]
    name: str = ""


class Asked(BaseModel):
    """What a browser is to ask a passkey for."""

    options: dict[str, Any]


class Codes(BaseModel):
    """Recovery codes, shown this once."""

    codes: list[str]


@router.get(SECOND_FACTOR)
async def show_second_factor(request: Request, next: str = "/") -> Response:
    """The page that asks for the second factor."""
    try:
        return await _ask(request, own_path(next))
    except AppError as error:
        return login_page(request, next=own_path(next), problem=error)


@router.post("/auth/second-factor")
async def give_code(request: Request) -> Response:
    """Begin the session with a code."""
    sent = await read_sent(request)
    try:
        with database_expected():
            given = sent.read(Code)
            started = await second_factor.finish_with_code(
                resources_of(request), browser_of(request), _pending(request), given.code
            )
        return await welcome(request, started, sent.next, is_form=sent.is_form)
    except AppError as error:
        return await _asked_again(request, sent, error)


@router.post("/auth/second-factor/passkey/options")
async def ask_for_passkey(request: Request) -> Response:
    """What this browser is to have signed, to go on."""
    try:
        with database_expected():
            options = await second_factor.ask_passkey(
                resources_of(request), _pending(request), require_party(request)
            )
    except AppError as error:
        return refusal(request, error)
    return success(Asked(options=options))


@router.post("/auth/second-factor/passkey")
async def give_passkey(request: Request) -> Response:
    """Begin the session with a passkey."""
    sent = await read_sent(request)
    try:
        with database_expected():
            started = await second_factor.finish_with_passkey(
                resources_of(request),
                browser_of(request),
                _pending(request),
                require_party(request),
                sent.read(Credential).credential,
            )
        return await welcome(request, started, is_form=False)
    except AppError as error:
        return refusal(request, error)


@router.post("/auth/passkey/options")
async def ask_for_any_passkey(request: Request) -> Response:
    """What this browser is to have signed, to sign in without a name."""
    token = secrets.token_urlsafe(32)
    resources = resources_of(request)
    try:
        with database_expected():
            async with resources.db.transaction() as session:
                options = await passkeys.ask_to_sign(
                    session, require_party(request), binding_of(token), passkeys.SIGN_IN
                )
    except AppError as error:
        return refusal(request, error)
    answer = success(Asked(options=options))
    keep_short(answer, ASKED, token, request, resources.settings.public_url)
    return answer


@router.post("/auth/passkey")
async def sign_in_with_passkey(request: Request) -> Response:
    """Begin a session with a passkey alone."""
    sent = await read_sent(request)
    resources = resources_of(request)
    try:
        with database_expected():
            begun = await second_factor.sign_in_with_passkey(
                resources,
                browser_of(request),
                read_short(request, ASKED, resources.settings.public_url) or "",
                require_party(request),
                sent.read(Credential).credential,
            )
        answer = await welcome(request, begun, is_form=False)
    except AppError as error:
        answer = refusal(request, error)
    drop_short(answer, ASKED, request)
    return answer


@router.get(SET_UP_FACTOR)
async def show_set_up_factor(request: Request, next: str = "/") -> Response:
    """The page on which whoever must have a second factor sets it up."""
    try:
        return await _offer(request, own_path(next))
    except AppError as error:
        return login_page(request, next=own_path(next), problem=error)


@router.post("/auth/set-up/app")
async def set_up_app(request: Request) -> Response:
    """Begin the session with the first code of an app; the recovery codes are shown."""
    sent = await read_sent(request)
    try:
        with database_expected():
            given = sent.read(FirstCode)
            done = await second_factor.set_up_app(
                resources_of(request), browser_of(request), _pending(request), given.draft,
                given.code,
            )  # fmt: skip
    except AppError as error:
        if not sent.is_form:
            return refusal(request, error)
        try:
            draft = str(sent.values.get("draft", ""))
            return await _offer(request, sent.next, sealed=draft, problem=error)
        except AppError as over:
            return login_page(request, next=sent.next, problem=over)
    if not sent.is_form:
        return await let_in(request, success(Codes(codes=done.codes)), done.started)
    shown = page("recovery_codes", language_of(request), next=sent.next, markup=_listed(done.codes))
    return await let_in(request, shown, done.started)


@router.post("/auth/set-up/passkey/options")
async def ask_for_first_passkey(request: Request) -> Response:
    """What this browser is to make a passkey with."""
    try:
        with database_expected():
            options = await second_factor.ask_first_passkey(
                resources_of(request), _pending(request), require_party(request)
            )
    except AppError as error:
        return refusal(request, error)
    return success(Asked(options=options))


@router.post("/auth/set-up/passkey")
async def set_up_passkey(request: Request) -> Response:
    """Begin the session with a new passkey; the recovery codes are in the answer."""
    sent = await read_sent(request)
    try:
        with database_expected():
            given = sent.read(Credential)
            done = await second_factor.set_up_passkey(
                resources_of(request),
                browser_of(request),
                _pending(request),
                require_party(request),
                given.credential,
                given.name,
            )
    except AppError as error:
        return refusal(request, error)
    return await let_in(request, success(Codes(codes=done.codes)), done.started)


async def _ask(request: Request, next: str, problem: AppError | None = None) -> Response:
    note(request, problem)
    resources = resources_of(request)
    with database_expected():
        async with resources.db.transaction() as session:
            choices = await second_factor.find_choices(session, _pending(request))
    if not choices.has_app and not choices.has_passkeys:
        return RedirectResponse(SET_UP_FACTOR, 303)
    can_sign = choices.has_passkeys and party_of(request) is not None
    return page(
        "second_factor",
        language_of(request),
        status=status_of(problem) if problem else 200,
        problem=str(problem or ""),
        next=next,
        passkeys="" if can_sign else "off",
    )


async def _asked_again(request: Request, sent: Sent, error: AppError) -> Response:
    if not sent.is_form:
        return refusal(request, error)
    try:
        return await _ask(request, sent.next, error)
    except Unauthenticated as over:
        return login_page(request, next=sent.next, problem=over)
    except AppError as other:
        return refusal(request, other)


async def _offer(
    request: Request, next: str, *, sealed: str = "", problem: AppError | None = None
) -> Response:
    """The page with a secret for an app: that which was shown before, or a new one."""
    resources = resources_of(request)
    with database_expected():
        pending, user = await second_factor.require_bare(resources, _pending(request))
    try:
        draft = open_draft(resources, user, pending.token_hash, sealed)
    except AppError:
        draft = draft_app(resources, user, pending.token_hash)
    return page(
        "set_up_factor",
        language_of(request),
        status=status_of(problem) if problem else 200,
        problem=str(problem or ""),
        next=next,
        draft=draft.sealed,
        secret=" ".join(draft.secret[i : i + 4] for i in range(0, len(draft.secret), 4)),
        passkeys="" if party_of(request) else "off",
        markup=qr_code(draft),
    )


def _listed(codes: list[str]) -> str:
    return "".join(f"<li><code>{escape(code)}</code></li>" for code in codes)


def _pending(request: Request) -> str | None:
    return read_short(request, PENDING, resources_of(request).settings.public_url)
