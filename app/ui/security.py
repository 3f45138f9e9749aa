"""`/auth/…` for who is signed in: what one signs in with, and proving anew who one is.

JSON only, for the page "Settings"; each change gives the browser's session a new token. None of it
is for API keys.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from app.core.errors import AppError, ProofNeeded, Unauthenticated
from app.ui.cookies import keep_token
from app.ui.forms import browser_of, read_sent, refusal, resources_of, success
from app.ui.party import party_of, require_party
from app.ui.qr import qr_code
from app.ui.refusal import database_expected
from app.users import credentials, proof
from app.users.credentials import Changed
from app.users.permissions import Permission
from app.users.signed_in import SignedIn

router = APIRouter(prefix="/auth", include_in_schema=False)


class Sent(BaseModel):
    """Base of what the page sends."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Proved(Sent):
    """What somebody shows to prove anew who they are."""

    password: str | None = None
    code: str | None = None
    credential: dict[str, Any] | None = None


class NewPassword(Sent):
    """Another password, and the one of before."""

    old: str
    password: str


class FirstCode(Sent):
    """The first code of an app, with what the app was told."""

    draft: str
    code: str


class Made(Sent):
    """A passkey that the browser has made, and what its owner calls it."""

    credential: dict[str, Any]
    name: str = ""


class Key(BaseModel):
    """A passkey."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    is_synced: bool


class Standing(BaseModel):
    """How one signs in; until `proved_until` a change needs no further proof."""

    has_password: bool
    app_since: datetime | None
    passkeys: list[Key]
    codes_left: int
    must_have_factor: bool
    can_passkeys: bool
    proved_until: datetime | None


class Offered(BaseModel):
    """What an authenticator app is told."""

    secret: str
    picture: str
    draft: str


class Asked(BaseModel):
    """What a browser is to ask a passkey for."""

    options: dict[str, Any]


class Codes(BaseModel):
    """New recovery codes, shown this once; none if there were some."""

    codes: list[str]


Work = Callable[[SignedIn], Awaitable[Response]]


async def _answer(request: Request, work: Work) -> Response:
    """The answer of `work` for who is signed in, or why there is none."""
    signed_in: SignedIn | None = request.state.signed_in
    try:
        if signed_in is None:
            raise Unauthenticated("Nobody is signed in.")
        signed_in.require(Permission.ACCOUNT_WRITE)
        with database_expected():
            return await work(signed_in)
    except AppError as error:
        return refusal(request, error)


def _renewed(request: Request, token: str, codes: list[str] | None = None) -> Response:
    answer = success(Codes(codes=codes or []))
    keep_token(answer, token, request, resources_of(request).settings.public_url)
    return answer


def _changed(request: Request, changed: Changed) -> Response:
    return _renewed(request, changed.token, changed.codes)


@router.get("/security")
async def get_standing(request: Request) -> Response:
    """How one signs in at present."""

    async def work(signed_in: SignedIn) -> Response:
        found = await credentials.find_standing(resources_of(request), signed_in.user_id)
        try:
            proof.require_recent_proof(signed_in)
            until = signed_in.auth_time and signed_in.auth_time + proof.RECENT
        except ProofNeeded:
            until = None
        return success(
            Standing(
                **{**vars(found), "passkeys": [Key.model_validate(key) for key in found.passkeys]},
                can_passkeys=party_of(request) is not None,
                proved_until=until,
            )
        )

    return await _answer(request, work)


@router.post("/proof/options")
async def ask_for_proof(request: Request) -> Response:
    """What one of one's passkeys is to sign."""

    async def work(signed_in: SignedIn) -> Response:
        party = require_party(request)
        options = await proof.ask_passkey(resources_of(request), signed_in, party)
        return success(Asked(options=options))

    return await _answer(request, work)


@router.post("/proof")
async def prove(request: Request) -> Response:
    """Prove anew who one is; holds ten minutes."""
    sent = await read_sent(request)

    async def work(signed_in: SignedIn) -> Response:
        given = sent.read(Proved)
        shown = proof.Proof(
            password=given.password,
            code=given.code,
            passkey=given.credential,
            party=require_party(request) if given.credential else None,
        )
        resources, browser = resources_of(request), browser_of(request)
        return _renewed(request, await proof.prove(resources, browser, signed_in, shown))

    return await _answer(request, work)


@router.post("/password")
async def change_password(request: Request) -> Response:
    """Choose another password; other sessions end."""
    sent = await read_sent(request)

    async def work(signed_in: SignedIn) -> Response:
        given = sent.read(NewPassword)
        resources, browser = resources_of(request), browser_of(request)
        changed = await credentials.change_password(
            resources, browser, signed_in, old=given.old, new=given.password
        )
        return _changed(request, changed)

    return await _answer(request, work)


@router.post("/app/offer")
async def offer_app(request: Request) -> Response:
    """A new secret for an authenticator app, as text and as a picture to scan."""

    async def work(signed_in: SignedIn) -> Response:
        draft = await credentials.offer_app(resources_of(request), signed_in)
        return success(Offered(secret=draft.secret, picture=qr_code(draft), draft=draft.sealed))

    return await _answer(request, work)


@router.post("/app")
async def add_app(request: Request) -> Response:
    """Sign in with this app too, from now on."""
    sent = await read_sent(request)

    async def work(signed_in: SignedIn) -> Response:
        given = sent.read(FirstCode)
        resources = resources_of(request)
        changed = await credentials.add_app(resources, signed_in, given.draft, given.code)
        return _changed(request, changed)

    return await _answer(request, work)


@router.delete("/app")
async def remove_app(request: Request) -> Response:
    """Sign in with the app no more."""

    async def work(signed_in: SignedIn) -> Response:
        return _changed(request, await credentials.remove_app(resources_of(request), signed_in))

    return await _answer(request, work)


@router.post("/passkeys/options")
async def ask_for_new_passkey(request: Request) -> Response:
    """What this browser is to make a passkey with."""

    async def work(signed_in: SignedIn) -> Response:
        party = require_party(request)
        options = await credentials.ask_passkey(resources_of(request), signed_in, party)
        return success(Asked(options=options))

    return await _answer(request, work)


@router.post("/passkeys")
async def add_passkey(request: Request) -> Response:
    """Sign in with this passkey too, from now on."""
    sent = await read_sent(request)

    async def work(signed_in: SignedIn) -> Response:
        given, party = sent.read(Made), require_party(request)
        changed = await credentials.add_passkey(
            resources_of(request), signed_in, party, given.credential, given.name
        )
        return _changed(request, changed)

    return await _answer(request, work)


@router.delete("/passkeys/{passkey_id}")
async def remove_passkey(request: Request, passkey_id: UUID) -> Response:
    """Sign in with this passkey no more."""

    async def work(signed_in: SignedIn) -> Response:
        resources = resources_of(request)
        return _changed(request, await credentials.remove_passkey(resources, signed_in, passkey_id))

    return await _answer(request, work)


@router.post("/recovery-codes")
async def make_recovery_codes(request: Request) -> Response:
    """Ten new codes; those of before open nothing."""

    async def work(signed_in: SignedIn) -> Response:
        changed = await credentials.make_recovery_codes(resources_of(request), signed_in)
        return _changed(request, changed)

    return await _answer(request, work)
