"""From a first proof to a session: by a code, by a passkey, or by setting one up.

Whoever signs in with a passkey alone, on a device that made sure who they are, needs no more.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid, Unauthenticated
from app.core.resources import Resources
from app.events.access import CredentialChanged, SignInFailed
from app.events.store import record
from app.users import passkeys, totp
from app.users.factor_models import PendingSignIn
from app.users.factors import TWO_FACTORS, has_factor
from app.users.failures import note_failed
from app.users.models import User
from app.users.passkeys import Json, Party, binding_of
from app.users.pending import require_pending, use_pending
from app.users.recovery import hash_given, is_recovery_code, keep_codes, make_codes, use_code
from app.users.service import get_user
from app.users.sessions import Browser, start_session
from app.users.sign_in import Begun, Started, begin
from app.users.throttle import counted_codes, note_success, reserve_try

WRONG_CODE = "This code is not right, or was used already."
HAS_FACTOR = "There is a second factor already. Sign in with it."


@dataclass(frozen=True)
class Choices:
    """With what a waiting sign-in can go on, and whose it is."""

    user: User
    has_app: bool
    has_passkeys: bool


@dataclass(frozen=True)
class SetUp:
    """A session that began with a new second factor, and the recovery codes, shown once."""

    started: Started
    codes: list[str]


async def find_choices(session: AsyncSession, token: str | None) -> Choices:
    """What the waiting sign-in behind this token can go on with."""
    _, user = await require_pending(session, token)
    return Choices(
        user=user,
        has_app=await totp.find_app(session, user.id) is not None,
        has_passkeys=bool(await passkeys.list_passkeys(session, user.id)),
    )


async def finish_with_code(
    resources: Resources, browser: Browser, token: str | None, code: str
) -> Started:
    """Go on with a code of the app, or one for recovery. `Unauthenticated` if it is wrong."""
    async with resources.db.transaction() as session:
        pending, user = await require_pending(session, token)
    how = await take_any_code(resources, user.id, code)
    async with resources.db.transaction() as session:
        return await _finish(session, browser, pending, user, [how])


async def take_any_code(resources: Resources, user_id: UUID, code: str) -> str:
    """Use up a code of a user's app, or one for recovery; returns which (`otp` or `rec`).

    `Unauthenticated` if it is neither, `TooMany` if there were too many tries.
    """
    tries = counted_codes(user_id)
    await reserve_try(resources.redis, tries)
    is_recovery = is_recovery_code(code)
    way = "rec" if is_recovery else "otp"
    hashed = await hash_given(resources, user_id, code) if is_recovery else None
    async with resources.db.transaction() as session:
        if hashed is None:
            is_right = await totp.take_code(session, resources, user_id, code)
        else:
            is_right = await use_code(session, user_id, hashed)
        if is_right and hashed is not None:
            record(session, said(user_id, "recovery_codes", "used"))
        if not is_right:
            record(session, SignInFailed(user_id=user_id, way=way, reason="wrong_code"))
    if not is_right:
        raise Unauthenticated(WRONG_CODE)
    await note_success(resources.redis, tries)
    return "otp" if hashed is None else "rec"


async def ask_passkey(resources: Resources, token: str | None, party: Party) -> Json:
    """What the browser of a waiting sign-in is to have signed."""
    async with resources.db.transaction() as session:
        pending, user = await require_pending(session, token)
        bound_to = binding_of(pending.token_hash)
        return await passkeys.ask_to_sign(session, party, bound_to, passkeys.SECOND, user.id)


async def finish_with_passkey(
    resources: Resources, browser: Browser, token: str | None, party: Party, credential: Json
) -> Started:
    """Go on with a passkey. `Unauthenticated` if it is not one of this user's."""
    async with resources.db.transaction() as session:
        pending, user = await require_pending(session, token)
    signed = await passkeys.check_signed(
        resources,
        party,
        binding_of(pending.token_hash),
        passkeys.SECOND,
        credential,
        user_id=user.id,
    )
    async with resources.db.transaction() as session:
        return await _finish(session, browser, pending, user, signed.amr)


async def sign_in_with_passkey(
    resources: Resources, browser: Browser, token: str, party: Party, credential: Json
) -> Begun:
    """Sign in with a passkey alone; `token` is what the browser that was asked holds."""
    signed = await passkeys.check_signed(
        resources, party, binding_of(token), passkeys.SIGN_IN, credential
    )
    async with resources.db.transaction() as session:
        user = await get_user(session, signed.user_id)
    try:
        return await begin(resources, browser, user, amr=signed.amr)
    except Unauthenticated:
        await note_failed(resources, user.id, way=signed.amr[0], reason="shut")
        raise


async def require_bare(resources: Resources, token: str | None) -> tuple[PendingSignIn, User]:
    """Who must set up a second factor behind this token, for they have none."""
    async with resources.db.transaction() as session:
        return await _require_bare(session, token)


async def set_up_app(
    resources: Resources, browser: Browser, token: str | None, draft: str, code: str
) -> SetUp:
    """Go on by setting up the app that the role wants. Only for whoever has no second factor."""
    codes, hashes = await make_codes()
    async with resources.db.transaction() as session:
        pending, user = await _require_bare(session, token)
        kept = totp.open_draft(resources, user, pending.token_hash, draft)
        await totp.add_app(session, resources, user, kept, code)
        record(session, said(user.id, "app", "added"))
        await keep_codes(session, user.id, hashes)
        return SetUp(await _finish(session, browser, pending, user, ["otp"]), codes)


async def ask_first_passkey(resources: Resources, token: str | None, party: Party) -> Json:
    """What the browser of whoever must set up a second factor is to make a passkey with."""
    async with resources.db.transaction() as session:
        pending, user = await _require_bare(session, token)
        bound_to = binding_of(pending.token_hash)
        return await passkeys.ask_to_register(session, user, party, bound_to)


async def set_up_passkey(
    resources: Resources,
    browser: Browser,
    token: str | None,
    party: Party,
    credential: Json,
    name: str,
) -> SetUp:
    """Go on by setting up the passkey that the role wants."""
    codes, hashes = await make_codes()
    async with resources.db.transaction() as session:
        pending, user = await _require_bare(session, token)
    made = await passkeys.check_made(resources, party, binding_of(pending.token_hash), credential)
    async with resources.db.transaction() as session:
        await _require_bare(session, token)
        await passkeys.keep_passkey(session, user.id, made, name)
        record(session, said(user.id, "passkey", "added"))
        await keep_codes(session, user.id, hashes)
        return SetUp(await _finish(session, browser, pending, user, [made.amr]), codes)


def said(user_id: UUID, credential: str, change: str) -> CredentialChanged:
    """That something changed of what a user signs in with."""
    return CredentialChanged(
        user_id=user_id, subject_id=user_id, credential=credential, change=change
    )


async def _require_bare(session: AsyncSession, token: str | None) -> tuple[PendingSignIn, User]:
    """Else a stolen password could add a factor of the thief's own."""
    pending, user = await require_pending(session, token)
    if await has_factor(session, user.id):
        raise Invalid(HAS_FACTOR)
    return pending, user


async def _finish(
    session: AsyncSession, browser: Browser, pending: PendingSignIn, user: User, amr: list[str]
) -> Started:
    await use_pending(session, pending)
    proved = list(dict.fromkeys([*pending.amr, *amr, TWO_FACTORS]))
    return Started(*await start_session(session, user, browser, proved))
