"""A user lets a server work with their account at a sign-in provider, and takes that back.

What they agreed to is a sealed row of its own: this account, for this address. It ends with the
account's link, with another address, and when they say so. Tokens stay where they are.
"""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.core.errors import Conflict, NotFound
from app.core.resources import Resources
from app.core.settings import Settings
from app.mcp.happenings import say_changed
from app.mcp.listing import get_server
from app.mcp.loans import check_loan, lending_provider
from app.mcp.models import McpCredential, McpServer, SignIn
from app.mcp.oauth.credentials import forget_before, place_of, tell_workers
from app.mcp.oauth.discovery import host_of
from app.mcp.oauth.pending import LIFE, OVER, Begun
from app.users.providers.presets import Provider

PAGE = "/work/tools"
"""Where a user is asked; `lend` names the server."""


class Loan(BaseModel):
    """What a user agreed to, as it is sealed."""

    url: str
    user_id: UUID
    identity_id: UUID


@dataclass(frozen=True, kw_only=True)
class Lent:
    """Which server works with a user's account now."""

    server_id: UUID
    server_name: str


class Linked(Protocol):
    """A user's account at a provider."""

    id: UUID
    user_id: UUID
    issuer: str


def begin_lending(settings: Settings, server: McpServer, *, base: str, back: str) -> Begun:
    """Where a user is asked, on a page of ours. Raises Invalid where nothing may be lent."""
    provider = lending_provider(server.provider or "", settings)
    query = urlencode({"lend": server.id, **({"back": back} if back else {})})
    return Begun(
        address=f"{base}{PAGE}?{query}",
        host=host_of(provider.issuer),
        scopes=[],
        expires_at=now() + LIFE,
    )


async def get_lendable(
    session: AsyncSession, resources: Resources, user_id: UUID, server_id: UUID
) -> tuple[McpServer, Provider]:
    """A server that the user may lend their account to, and the provider where it is.

    Raises NotFound, Conflict where it works with no accounts, and Invalid where it may not.
    """
    server = await get_server(session, user_id, server_id)
    if server.sign_in is not SignIn.PROVIDER or server.provider is None or server.url is None:
        raise Conflict("This server does not work with people's accounts elsewhere.")
    check_loan(server.provider, server.url, server.user_id, resources.settings)
    return server, lending_provider(server.provider, resources.settings)


async def lend(resources: Resources, server_id: UUID, url: str, account: Linked) -> Lent:
    """Let a server work with this account, if it still is at the address that its user was shown.

    Raises what `get_lendable` raises.
    """
    user_id = account.user_id
    async with resources.db.transaction() as session:
        server, provider = await get_lendable(session, resources, user_id, server_id)
        if server.url != url or not provider.is_issuer(account.issuer):
            raise NotFound(OVER)
        row = McpCredential(
            id=new_id(), server_id=server.id, user_id=user_id, identity_id=account.id,
            issuer=account.issuer, granted_at=now(),
        )  # fmt: skip
        loan = Loan(url=url, user_id=user_id, identity_id=account.id)
        row.sealed = resources.sealer.seal(loan.model_dump(mode="json"), place_of(row.id))
        await forget_before(session, row)
        session.add(row)
        tell_workers(session, resources, server.id)
        say_changed(session, server, user_id, "signed_in")
    return Lent(server_id=server.id, server_name=server.name)


def open_loan(resources: Resources, row: McpCredential, url: str) -> Loan | None:
    """What a user agreed to; None unless it is for this address, and for the row's own account."""
    if row.identity_id is None or row.user_id is None:
        return None
    loan = Loan.model_validate(resources.sealer.unseal(row.sealed, place_of(row.id)))
    return loan if loan == Loan(url=url, user_id=row.user_id, identity_id=row.identity_id) else None
