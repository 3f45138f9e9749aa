"""What users allow programs: asked for, given, looked at, ended."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import Conflict, NotFound
from app.events.access import ConnectedAppChanged
from app.events.store import record
from app.oauth.clients import UNKNOWN
from app.oauth.keys import new_key
from app.oauth.models import OAuthClient, OAuthCode, OAuthGrant, OAuthToken, Scope
from app.oauth.redirects import host_of
from app.oauth.refusals import OAuthRefusal

MOST_GRANTS = 100
"""Programs that one user may have let in at a time."""

IDLE_END = timedelta(days=30)
"""A grant that nobody used for so long is over."""

KEEP_ENDED = timedelta(days=30)
"""How long an ended grant is still known, so that its tokens are told from unknown ones."""

CODE_LIFE = timedelta(minutes=1)

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_STATE = 2048


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a program asks a user for."""

    scopes: tuple[Scope, ...]
    challenge: str
    resource: str


def read_wish(said: Mapping[str, str], resource: str) -> Wish:
    """What an authorization request asks for, of this resource. Raises `OAuthRefusal`."""
    if said.get("response_type") != "code":
        raise OAuthRefusal("unsupported_response_type", "response_type must be code.")
    if len(said.get("state", "")) > _LONGEST_STATE:
        raise OAuthRefusal("invalid_request", "state is too long.")
    challenge = said.get("code_challenge", "")
    if said.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthRefusal("invalid_request", "A code_challenge with the method S256 is required.")
    if not is_resource(said.get("resource"), resource):
        raise OAuthRefusal("invalid_target", f"The one resource here is {resource}.")
    return Wish(scopes=_scopes(said.get("scope", "")), challenge=challenge, resource=resource)


def is_resource(wanted: str | None, resource: str) -> bool:
    """Whether a resource indicator means this resource (RFC 8707); none means the only one."""
    return wanted is None or wanted.rstrip("/") == resource


def _scopes(said: str) -> tuple[Scope, ...]:
    """In a fixed order; whoever may write may read. `offline_access` is given to everybody."""
    wanted = set(said.split()) - {"offline_access"} or {Scope.READ.value}
    if not wanted <= {scope.value for scope in Scope}:
        raise OAuthRefusal("invalid_scope", f"The scopes are {' and '.join(Scope)}.")
    return (Scope.READ, Scope.WRITE) if Scope.WRITE.value in wanted else (Scope.READ,)


async def give_grant(
    session: AsyncSession, user_id: UUID, client: OAuthClient, wish: Wish, *, redirect_uri: str
) -> str:
    """Let a program in; returns the code that it is sent back with, which is kept nowhere.

    Raises Conflict when there are too many already, NotFound for a client forgotten meanwhile.
    """
    await session.execute(select(func.pg_advisory_xact_lock(user_id.int % 2**63)))
    if len(await list_grants(session, user_id)) >= MOST_GRANTS:
        raise Conflict(f"There are {MOST_GRANTS} connected programs already; end some first.")
    await _hold_client(session, client)
    at = now()
    grant = OAuthGrant(
        user_id=user_id,
        client_id=client.id,
        name=client.name,
        host=host_of(client.client_id if client.has_document else redirect_uri),
        scopes=[str(scope) for scope in wish.scopes],
        resource=wish.resource,
        last_used_at=at,
        ends_at=at + CODE_LIFE,
    )
    session.add(grant)
    await session.flush()
    code = new_key()
    session.add(
        OAuthCode(
            code_hash=code.hashed,
            grant_id=grant.id,
            redirect_uri=redirect_uri,
            challenge=wish.challenge,
            expires_at=at + CODE_LIFE,
        )
    )
    record(
        session,
        ConnectedAppChanged(
            user_id=user_id, subject_id=grant.id, name=grant.name, change="connected"
        ),
    )
    return code.text


async def _hold_client(session: AsyncSession, client: OAuthClient) -> None:
    """Keep it from being forgotten while it is let in."""
    is_known = await session.scalar(
        update(OAuthClient)
        .where(OAuthClient.id == client.id)
        .values(used_at=case((OAuthClient.has_document, OAuthClient.used_at), else_=now()))
        .returning(OAuthClient.id)
    )
    if is_known is None:
        raise NotFound(UNKNOWN)


async def list_grants(session: AsyncSession, user_id: UUID) -> Sequence[OAuthGrant]:
    """The programs that a user has let in and that may still come in, latest first."""
    found = await session.scalars(
        select(OAuthGrant)
        .where(
            OAuthGrant.user_id == user_id,
            OAuthGrant.ended_at.is_(None),
            OAuthGrant.ends_at > now(),
        )
        .order_by(OAuthGrant.created_at.desc(), OAuthGrant.id.desc())
    )
    return found.all()


async def end_grant(session: AsyncSession, user_id: UUID, grant_id: UUID) -> None:
    """Let a program in no more, from now on. NotFound for another user's."""
    if not await _end(session, grant_id, user_id, reason="ended by its user"):
        raise NotFound("There is no such connected program.")


async def end_family(session: AsyncSession, grant: OAuthGrant, reason: str) -> None:
    """End a grant for what was done with its tokens."""
    await _end(session, grant.id, grant.user_id, reason=reason)


async def _end(session: AsyncSession, grant_id: UUID, user_id: UUID, *, reason: str) -> bool:
    name = await session.scalar(
        update(OAuthGrant)
        .where(
            OAuthGrant.id == grant_id,
            OAuthGrant.user_id == user_id,
            OAuthGrant.ended_at.is_(None),
        )
        .values(ended_at=now())
        .returning(OAuthGrant.name)
    )
    if name is None:
        return False
    record(
        session,
        ConnectedAppChanged(user_id=user_id, subject_id=grant_id, name=name, change=reason),
    )
    return True


async def remove_old_grants(session: AsyncSession) -> None:
    """Forget tokens that open nothing, and grants that ended long ago."""
    at = now()
    await session.execute(delete(OAuthToken).where(OAuthToken.expires_at < at))
    await session.execute(
        delete(OAuthGrant).where(
            or_(OAuthGrant.ended_at < at - KEEP_ENDED, OAuthGrant.ends_at < at - KEEP_ENDED)
        )
    )
