"""Servers as workers see them: which are to be opened and for whom, and what was found."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.db import JSON
from app.core.errors import AppError
from app.core.logs import log
from app.core.resources import Resources
from app.mcp.checks import Draft, check_reach
from app.mcp.loans import check_loan, lending_provider
from app.mcp.models import CredentialState, McpServer, ServerState, SignIn, Transport
from app.mcp.oauth.credentials import find_credential, list_valid
from app.mcp.sealing import open_secrets
from app.mcp.spec import ServerSpec
from app.users.groups import list_members
from app.users.models import User


def reach_of(server: McpServer) -> Draft:
    """Where it is, for who checks that."""
    return Draft(
        name=server.name,
        transport=server.transport,
        command=server.command,
        args=server.args,
        roots=server.roots,
        url=server.url,
    )


async def read_specs(session: AsyncSession, resources: Resources) -> list[ServerSpec]:
    """Every server that is to be used, oldest first, with its secrets in the clear.

    One that people sign in to comes once for each who has, and once for all others.

    One that may not be reached any more, or whose secrets do not open, is left out and says why.
    """
    query = (
        select(McpServer)
        .outerjoin(User, User.id == McpServer.user_id)
        .where(McpServer.enabled, or_(McpServer.user_id.is_(None), User.is_active))
        .order_by(McpServer.created_at, McpServer.id)
    )
    specs: list[ServerSpec] = []
    signed_in = await list_valid(session)
    members = await list_members(session)
    for server in await session.scalars(query):
        try:
            check_reach(reach_of(server), resources.settings)
            check_loan(server.provider, server.url, server.user_id, resources.settings)
            spec = as_spec(resources, server)
            if server.group_id is not None:
                spec = replace(spec, members=members.get(server.group_id, frozenset()))
            specs.append(spec)
            own = signed_in.get(server.id, {})
            if not spec.is_closed:
                continue
            if server.user_id is None:
                specs += [_signed_in(spec, *each) for each in own.items() if spec.serves(each[0])]
            else:
                specs[-1] = replace(spec, credential_id=own.get(server.user_id))
        except AppError as error:
            if server.state_text != str(error):
                log.warning("tool_server_left_out", server_id=str(server.id), reason=str(error))
                await note_state(session, server.id, ServerState.REFUSED, str(error))
    return specs


def _signed_in(spec: ServerSpec, user_id: UUID, credential_id: UUID) -> ServerSpec:
    """A shared server as one user is signed in to it."""
    return replace(spec, user_id=user_id, credential_id=credential_id, is_shared=True)


async def spec_for(
    session: AsyncSession, resources: Resources, server: McpServer, user_id: UUID
) -> ServerSpec:
    """How this user reaches a server: as who they are signed in, if they are."""
    spec = as_spec(resources, server)
    row = await find_credential(session, server.id, user_id)
    if row is None or row.state is not CredentialState.VALID or server.sign_in is SignIn.MACHINE:
        return spec
    sign_in = SignIn.USER if spec.provider is None else SignIn.PROVIDER
    spec = replace(spec, sign_in=sign_in, credential_id=row.id)
    return spec if server.user_id else _signed_in(spec, user_id, row.id)


def as_spec(resources: Resources, server: McpServer) -> ServerSpec:
    """How a server is reached. Raises Unavailable if its secrets do not open.

    Raises Invalid where it works with accounts at a provider that is none (any more).
    """
    secrets = open_secrets(resources, server)
    known = server.wants_sign_in or server.sign_in is not SignIn.USER
    provider = lending_provider(server.provider, resources.settings) if server.provider else None
    return ServerSpec(
        name=server.name,
        id=server.id,
        user_id=server.user_id,
        transport=server.transport,
        command=server.command,
        args=tuple(server.args),
        roots=tuple(server.roots),
        url=server.url,
        env=secrets["env"],
        headers=secrets["headers"],
        timeout_seconds=server.timeout_seconds,
        version=server.version,
        chosen=server.chosen,
        tools=tuple(server.tools),
        sign_in=server.sign_in if known else None,
        provider=provider.label if provider else None,
    )


async def note_state(
    session: AsyncSession,
    server_id: UUID,
    state: ServerState,
    sentence: str,
    *,
    chosen: Transport | None = None,
    tools: Sequence[JSON] | None = None,
) -> None:
    """Keep how a server was found; what is not given stays. A removed server is passed over.

    One that wants to know who calls is not called without a sign-in any more.
    """
    found: JSON = {"state": state, "state_text": sentence, "checked_at": now()}
    if state is ServerState.SIGN_IN:
        found["wants_sign_in"] = True
    if chosen is not None:
        found["chosen"] = chosen
    if tools is not None:
        found["tools"] = list(tools)
    await session.execute(update(McpServer).where(McpServer.id == server_id).values(**found))
