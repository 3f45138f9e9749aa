"""Which account of ours somebody has whom a provider vouches for: found, made, or linked.

Nothing is ever linked by an e-mail address: who may have an address there need not have it here
(ASVS 5.0, 6.8.1 and 10.5.2).
"""

import secrets
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.core.errors import AppError, Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from app.core.logs import log
from app.core.resources import Resources
from app.events.access import IdentityChanged
from app.events.store import record
from app.users.administration import give_role, hold_account
from app.users.failures import note_failed
from app.users.invitations import use_invitation
from app.users.models import Role, User
from app.users.proof import require_recent_proof
from app.users.providers.admission import is_admitted, refused, require_welcome, role_for
from app.users.providers.flow import Arrival
from app.users.providers.models import Identity
from app.users.providers.presets import Provider
from app.users.providers.profile import Profile
from app.users.providers.tokens import keep_tokens
from app.users.providers.ways_in import require_way_in
from app.users.service import LONGEST_NAME, NewUser, clean_username, count_users, create_user
from app.users.sessions import Browser
from app.users.sign_in import Begun, begin
from app.users.signed_in import SignedIn

MOST_IDENTITIES = 20
_TRIES = 20


async def enter(
    resources: Resources, browser: Browser, provider: Provider, arrival: Arrival
) -> Begun:
    """Sign in whom the provider vouches for. Raises Forbidden for somebody who may not come in."""
    async with resources.db.transaction() as session:
        user = await _find_or_make(session, resources, provider, arrival)
    return await begin(resources, browser, user, amr=arrival.profile.amr)


async def link(
    resources: Resources, provider: Provider, arrival: Arrival, signed_in: SignedIn
) -> Identity:
    """Let somebody who is signed in sign in by the provider too.

    Raises NotFound for a way that another session began, Conflict for another's account, and
    ProofNeeded where one that is to be lent would be a new way to sign in.
    """
    wish, profile = arrival.wish, arrival.profile
    if (wish.link_to, wish.session_id) != (signed_in.user_id, signed_in.session_id):
        raise NotFound("This sign-in is over, or it was begun in another browser. Begin it again.")
    require_welcome(provider, profile)
    async with resources.db.transaction() as session:
        await _hold(session, profile)
        identity = await _find_identity(session, profile)
        if identity is not None and identity.user_id != signed_in.user_id:
            raise Conflict(
                f"This account at {provider.label} belongs to somebody else here already."
            )
        if identity is None:
            if wish.lend is not None:
                require_recent_proof(signed_in)
            await _require_room(session, signed_in.user_id)
            identity = _add(session, provider, profile, signed_in.user_id)
        _note_use(resources, provider, identity, arrival)
    return identity


async def has_account_at(session: AsyncSession, user_id: UUID, provider: Provider) -> bool:
    """Whether a user has linked an account at this provider."""
    mine = await list_identities(session, user_id)
    return any(provider.is_issuer(each.issuer) for each in mine)


async def note_refusal(resources: Resources, provider: str, error: AppError) -> None:
    """Put on record that somebody who came back from a provider was not let in."""
    await note_failed(resources, None, way="fed", reason=error.code, provider=provider)


async def list_identities(session: AsyncSession, user_id: UUID) -> list[Identity]:
    """A user's accounts elsewhere, the oldest first."""
    query = select(Identity).where(Identity.user_id == user_id).order_by(Identity.created_at)
    return list(await session.scalars(query))


async def unlink(session: AsyncSession, signed_in: SignedIn, identity_id: UUID) -> None:
    """Take one of a user's accounts elsewhere away, with its tokens.

    Raises Conflict for the last way in: nobody locks themselves out.
    """
    require_recent_proof(signed_in)
    mine = await list_identities(session, signed_in.user_id)
    found = next((each for each in mine if each.id == identity_id), None)
    if found is None:
        raise NotFound("There is no such linked account.")
    await session.delete(found)
    await session.flush()
    await require_way_in(session, signed_in.user_id)
    record(
        session,
        IdentityChanged(user_id=found.user_id, provider=found.provider, change="unlinked"),
    )


async def _find_or_make(
    session: AsyncSession, resources: Resources, provider: Provider, arrival: Arrival
) -> User:
    profile = arrival.profile
    await _hold(session, profile)
    require_welcome(provider, profile)
    identity = await _find_identity(session, profile)
    if identity is None:
        user = await _make(session, provider, arrival)
        identity = _add(session, provider, profile, user.id)
    else:
        user = await session.get_one(User, identity.user_id)
        await _apply_role(session, resources, user, provider, role_for(provider, profile))
        await session.refresh(user, with_for_update=True)
        if not user.is_active:
            raise Unauthenticated("This account may not sign in.")
    _note_use(resources, provider, identity, arrival)
    return user


async def _make(session: AsyncSession, provider: Provider, arrival: Arrival) -> User:
    """A new account: of whom an invitation or the operator's rules let in."""
    profile, given = arrival.profile, provider.settings
    if arrival.wish.invitation is not None:
        role = await use_invitation(session, arrival.wish.invitation)
    elif not is_admitted(provider, profile) or not given.new_accounts:
        log.warning("provider_account_refused", provider=provider.name)
        raise refused(provider)
    elif await count_users(session) == 0:
        raise Forbidden("There is no account here yet. The first one is made with a link.")
    else:
        role = role_for(provider, profile) or Role(given.default_role)
    for name in _names(profile):
        new = NewUser(username=name, full_name=profile.name, email=profile.email, role=role)
        try:
            return await create_user(session, new)
        except Conflict:
            continue
    raise Conflict("No free user name was found for this account. Ask whoever runs this Keiko.")


def _names(profile: Profile) -> Iterator[str]:
    """User names to try: the one there, then the same with a number, then with letters."""
    mail = (profile.email or "").partition("@")[0]
    wanted = ((profile.username or "").partition("@")[0], mail, profile.name, "user")
    name = next(filter(None, map(_as_username, wanted)), "user")
    yield name
    yield from (f"{name}-{number}" for number in range(2, _TRIES))
    yield f"{name}-{secrets.token_hex(4)}"


def _as_username(wanted: str | None) -> str | None:
    try:
        return clean_username((wanted or "")[: LONGEST_NAME - 10])
    except Invalid:
        return None


async def _apply_role(
    session: AsyncSession,
    resources: Resources,
    user: User,
    provider: Provider,
    role: Role | None,
) -> None:
    """Give the role of the provider's groups; the last admin stays one."""
    if role is None or role is user.role:
        return
    held = await hold_account(session, user.id)
    try:
        await give_role(session, resources, held, role, provider=provider.name)
    except Conflict:
        log.warning("last_admin_stays", user_id=str(user.id))


async def _hold(session: AsyncSession, profile: Profile) -> None:
    """One at a time for one account elsewhere, whether it is known yet or not."""
    key = f"{profile.issuer}\n{profile.subject}"
    await session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:key, 5))"), {"key": key}
    )


async def _find_identity(session: AsyncSession, profile: Profile) -> Identity | None:
    found: Identity | None = await session.scalar(
        select(Identity).where(
            Identity.issuer == profile.issuer, Identity.subject == profile.subject
        )
    )
    return found


def _add(session: AsyncSession, provider: Provider, profile: Profile, user_id: UUID) -> Identity:
    identity = Identity(
        id=new_id(), user_id=user_id, provider=provider.name, issuer=profile.issuer,
        subject=profile.subject,
    )  # fmt: skip
    session.add(identity)
    record(session, IdentityChanged(user_id=user_id, provider=provider.name, change="linked"))
    return identity


def _note_use(
    resources: Resources, provider: Provider, identity: Identity, arrival: Arrival
) -> None:
    identity.provider = provider.name
    identity.shown = arrival.profile.shown[:300]
    identity.last_used_at = now()
    keep_tokens(resources, identity, arrival.given)


async def _require_room(session: AsyncSession, user_id: UUID) -> None:
    if len(await list_identities(session, user_id)) >= MOST_IDENTITIES:
        raise Conflict(f"There are {MOST_IDENTITIES} linked accounts already; unlink some first.")
