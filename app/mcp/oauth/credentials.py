"""Sign-ins as rows: one for each user of a server. Their tokens are sealed, each in its own row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import new_id, now
from app.core.db import after_commit
from app.core.resources import Resources
from app.core.sealed import Place
from app.mcp.models import CredentialState, McpCredential
from app.mcp.oauth.grants import Granted, Kept
from app.users.models import User

_AHEAD = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whose sign-in to which server; the token goes to this address and to no other."""

    server_id: UUID
    user_id: UUID | None
    url: str


async def find_credential(
    session: AsyncSession, server_id: UUID, user_id: UUID | None
) -> McpCredential | None:
    """A user's sign-in to a server; without a user, Keiko's own."""
    query = select(McpCredential).where(
        McpCredential.server_id == server_id, McpCredential.user_id.is_not_distinct_from(user_id)
    )
    found: McpCredential | None = await session.scalar(query)
    return found


async def lock_credential(session: AsyncSession, credential_id: UUID) -> McpCredential | None:
    """The same by its id, held until the transaction ends: nobody else refreshes it meanwhile."""
    query = select(McpCredential).where(McpCredential.id == credential_id)
    found: McpCredential | None = await session.scalar(query.with_for_update())
    return found


async def list_own(
    session: AsyncSession, user_id: UUID, server_ids: Sequence[UUID]
) -> dict[UUID, McpCredential]:
    """A user's sign-ins to these servers, by server."""
    query = select(McpCredential).where(
        McpCredential.user_id == user_id, McpCredential.server_id.in_(server_ids)
    )
    return {found.server_id: found for found in await session.scalars(query)}


async def list_valid(session: AsyncSession) -> dict[UUID, dict[UUID, UUID]]:
    """Ids of all sign-ins that can be used, by server and user; only of open accounts."""
    query = (
        select(McpCredential.server_id, McpCredential.user_id, McpCredential.id)
        .join(User, User.id == McpCredential.user_id)
        .where(McpCredential.state == CredentialState.VALID, User.is_active)
        .order_by(McpCredential.created_at)
    )
    found: dict[UUID, dict[UUID, UUID]] = {}
    for server_id, user_id, id in await session.execute(query):
        if user_id is not None:
            found.setdefault(server_id, {})[user_id] = id
    return found


async def keep_sign_in(
    session: AsyncSession,
    resources: Resources,
    row: McpCredential,
    *,
    kept: Kept,
    granted: Granted,
) -> None:
    """A new sign-in, in place of the one before."""
    await forget_before(session, row)
    row.id, row.scopes = new_id(), list(kept.asked)
    write_tokens(resources, row, kept, granted)
    session.add(row)
    tell_workers(session, resources, row.server_id)


async def forget_before(session: AsyncSession, row: McpCredential) -> None:
    """Make room for a new sign-in of this user to this server."""
    await session.execute(
        delete(McpCredential).where(
            McpCredential.server_id == row.server_id,
            McpCredential.user_id.is_not_distinct_from(row.user_id),
        )
    )


def write_tokens(resources: Resources, row: McpCredential, kept: Kept, granted: Granted) -> None:
    """Keep new tokens in a row; a refresh token that was not replaced stays (RFC 6749, 6)."""
    fresh = kept.model_copy(
        update={
            "access_token": granted.access_token,
            "refresh_token": granted.refresh_token or kept.refresh_token,
        }
    )
    row.sealed = resources.sealer.seal(fresh.model_dump(mode="json"), place_of(row.id))
    row.granted_at, row.expires_at = now(), granted.expires_at
    row.state = CredentialState.VALID
    if granted.scopes is not None:
        row.scopes = list(granted.scopes)


def open_tokens(resources: Resources, row: McpCredential) -> Kept:
    """What is sealed in a row. Raises Unavailable where the key is not here."""
    return Kept.model_validate(resources.sealer.unseal(row.sealed, place_of(row.id)))


def is_late(row: McpCredential, at: datetime) -> bool:
    """Whether its token should be refreshed: a minute ahead, of a short life in its second half."""
    if row.expires_at is None:
        return False
    return at >= row.expires_at - min(_AHEAD, (row.expires_at - row.granted_at) / 2)


async def want_again(
    session: AsyncSession, resources: Resources, server_id: UUID, credential_id: UUID
) -> None:
    """Its owner has to sign in again; a newer sign-in stays."""
    await session.execute(
        update(McpCredential)
        .where(McpCredential.id == credential_id)
        .values(state=CredentialState.AGAIN)
    )
    tell_workers(session, resources, server_id)


async def want_scopes(session: AsyncSession, credential_id: UUID, scopes: Sequence[str]) -> None:
    """Note what a call was refused for want of: the next sign-in asks for it too."""
    await session.execute(
        update(McpCredential).where(McpCredential.id == credential_id).values(wanted=list(scopes))
    )


async def forget(session: AsyncSession, resources: Resources, row: McpCredential) -> None:
    """Sign out here."""
    await session.delete(row)
    tell_workers(session, resources, row.server_id)


async def forget_all(session: AsyncSession, server_id: UUID) -> None:
    """Sign everybody out of a server that is another one now."""
    await session.execute(delete(McpCredential).where(McpCredential.server_id == server_id))


def tell_workers(session: AsyncSession, resources: Resources, server_id: UUID) -> None:
    """Have workers look who is signed in, once the transaction stands."""
    after_commit(session, lambda: publish_hint(resources.redis, "mcp", server_id))


def place_of(id: UUID) -> Place:
    """Where what is sealed of a sign-in stands."""
    return Place("mcp_credentials", "sealed", id)
