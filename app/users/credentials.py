"""What a user who is signed in changes of what they sign in with.

Each change wants a recent proof, is on record, ends the user's other sessions and gives this one
a new token (ASVS 5.0, 7.2.4 and 7.4.3): that is what these functions return.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.core.resources import Resources
from app.events.store import record
from app.users import passkeys, recovery, totp
from app.users.factor_models import Passkey
from app.users.factors import has_factor, must_have_factor
from app.users.models import User
from app.users.passkeys import Json, Party, binding_of
from app.users.passwords import hash_password
from app.users.proof import require_password, require_recent_proof
from app.users.providers.ways_in import require_way_in
from app.users.second_factor import said
from app.users.service import get_user
from app.users.sessions import Browser, end_sessions_of, renew_sessions_of
from app.users.signed_in import SignedIn

NO_APP = "There is no authenticator app to remove."
MUST_HAVE = "Your role must have a second factor. Set up another one first."


@dataclass(frozen=True)
class Standing:
    """How a user signs in at present."""

    has_password: bool
    app_since: datetime | None
    passkeys: list[Passkey]
    codes_left: int
    must_have_factor: bool


@dataclass(frozen=True)
class Changed:
    """The new token of this session, and recovery codes where there are new ones."""

    token: str
    codes: list[str]


async def find_standing(resources: Resources, user_id: UUID) -> Standing:
    """How a user signs in at present."""
    async with resources.db.transaction() as session:
        user = await get_user(session, user_id)
        app = await totp.find_app(session, user_id)
        return Standing(
            has_password=user.password_hash is not None,
            app_since=app.created_at if app else None,
            passkeys=await passkeys.list_passkeys(session, user_id),
            codes_left=await recovery.count_left(session, user_id),
            must_have_factor=must_have_factor(resources.settings, user.role),
        )


async def change_password(
    resources: Resources, browser: Browser, signed_in: SignedIn, *, old: str, new: str
) -> Changed:
    """Choose another password. The old one is proof enough for whoever has no second factor."""
    async with resources.db.transaction() as session:
        if await has_factor(session, signed_in.user_id):
            require_recent_proof(signed_in)
    await require_password(resources, browser, signed_in, old, "old")
    hashed = await hash_password(new, signed_in.username)
    async with resources.db.transaction() as session:
        user = await get_user(session, signed_in.user_id)
        user.password_hash = hashed
        return await _changed(session, resources, signed_in, "password", "changed")


async def offer_app(resources: Resources, signed_in: SignedIn) -> totp.Draft:
    """A new secret for an authenticator app."""
    require_recent_proof(signed_in)
    async with resources.db.transaction() as session:
        if await totp.find_app(session, signed_in.user_id) is not None:
            raise Conflict(totp.HAS_ONE)
        user = await get_user(session, signed_in.user_id)
    return totp.draft_app(resources, user, signed_in.token_hash)


async def add_app(resources: Resources, signed_in: SignedIn, draft: str, code: str) -> Changed:
    """Sign in with this app too, from now on."""
    require_recent_proof(signed_in)
    codes, hashes = await _first_codes(resources, signed_in.user_id)
    async with resources.db.transaction() as session:
        user = await get_user(session, signed_in.user_id)
        kept = totp.open_draft(resources, user, signed_in.token_hash, draft)
        await totp.add_app(session, resources, user, kept, code)
        await _keep_codes(session, user, hashes)
        return await _changed(session, resources, signed_in, "app", "added", codes)


async def remove_app(resources: Resources, signed_in: SignedIn) -> Changed:
    """Sign in with the app no more."""
    require_recent_proof(signed_in)
    async with resources.db.transaction() as session:
        if not await totp.remove_app(session, signed_in.user_id):
            raise Conflict(NO_APP)
        await _require_enough(session, resources, signed_in.user_id)
        return await _changed(session, resources, signed_in, "app", "removed")


async def ask_passkey(resources: Resources, signed_in: SignedIn, party: Party) -> Json:
    """What this browser is to make a passkey with."""
    require_recent_proof(signed_in)
    async with resources.db.transaction() as session:
        user = await get_user(session, signed_in.user_id)
        bound_to = binding_of(signed_in.token_hash)
        return await passkeys.ask_to_register(session, user, party, bound_to)


async def add_passkey(
    resources: Resources, signed_in: SignedIn, party: Party, credential: Json, name: str
) -> Changed:
    """Sign in with this passkey too, from now on."""
    require_recent_proof(signed_in)
    codes, hashes = await _first_codes(resources, signed_in.user_id)
    bound_to = binding_of(signed_in.token_hash)
    made = await passkeys.check_made(resources, party, bound_to, credential)
    async with resources.db.transaction() as session:
        user = await get_user(session, signed_in.user_id)
        await passkeys.keep_passkey(session, user.id, made, name)
        await _keep_codes(session, user, hashes)
        return await _changed(session, resources, signed_in, "passkey", "added", codes)


async def remove_passkey(resources: Resources, signed_in: SignedIn, passkey_id: UUID) -> Changed:
    """Sign in with this passkey no more. `Conflict` for the last way in."""
    require_recent_proof(signed_in)
    async with resources.db.transaction() as session:
        await passkeys.remove_passkey(session, signed_in.user_id, passkey_id)
        await require_way_in(session, signed_in.user_id)
        await _require_enough(session, resources, signed_in.user_id)
        return await _changed(session, resources, signed_in, "passkey", "removed")


async def make_recovery_codes(resources: Resources, signed_in: SignedIn) -> Changed:
    """Ten new codes; those of before open nothing."""
    require_recent_proof(signed_in)
    codes, hashes = await recovery.make_codes()
    async with resources.db.transaction() as session:
        await recovery.keep_codes(session, signed_in.user_id, hashes)
        return await _changed(session, resources, signed_in, "recovery_codes", "added", codes)


async def reset_password(resources: Resources, user_id: UUID, new: str) -> None:
    """For whoever forgot theirs: another password, and no session; the second factor stays.

    An operator's doing, on record (ASVS 5.0, 6.4.3).
    """
    async with resources.db.transaction() as session:
        name = (await get_user(session, user_id)).username
    hashed = await hash_password(new, name)
    async with resources.db.transaction() as session:
        (await get_user(session, user_id)).password_hash = hashed
        await end_sessions_of(session, resources, user_id)
        record(session, said(user_id, "password", "reset"))


async def reset_second_factor(resources: Resources, user_id: UUID) -> bool:
    """For whoever lost everything: no app, no passkey, no codes, no session; on record.

    An operator's or admin's doing. Says whether there was anything.
    """
    async with resources.db.transaction() as session:
        had_app = await totp.remove_app(session, user_id)
        had_keys = await passkeys.remove_passkeys(session, user_id)
        await recovery.remove_codes(session, user_id)
        await end_sessions_of(session, resources, user_id)
        record(session, said(user_id, "second_factor", "reset"))
    return had_app or had_keys > 0


async def _first_codes(resources: Resources, user_id: UUID) -> tuple[list[str], list[str]]:
    """Recovery codes for whoever has none yet."""
    async with resources.db.transaction() as session:
        has_some = await recovery.count_left(session, user_id) > 0
    return ([], []) if has_some else await recovery.make_codes()


async def _keep_codes(session: AsyncSession, user: User, hashes: list[str]) -> None:
    if hashes:
        await recovery.keep_codes(session, user.id, hashes)


async def _require_enough(session: AsyncSession, resources: Resources, user_id: UUID) -> None:
    """Codes for recovery are of no use without a factor, and go with the last one."""
    user = await get_user(session, user_id)
    if await has_factor(session, user_id):
        return
    if must_have_factor(resources.settings, user.role):
        raise Conflict(MUST_HAVE)
    await recovery.remove_codes(session, user_id)


async def _changed(
    session: AsyncSession,
    resources: Resources,
    signed_in: SignedIn,
    credential: str,
    change: str,
    codes: list[str] | None = None,
) -> Changed:
    record(session, said(signed_in.user_id, credential, change))
    token = await renew_sessions_of(session, resources, signed_in.user_id, but=signed_in.session_id)
    if token is None:
        raise RuntimeError("A session that goes on has a token.")
    return Changed(token, codes or [])
