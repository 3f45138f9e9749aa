"""Whether a server can be reached: tried where it would be used, in a worker."""

from typing import Any
from uuid import UUID

from app.core.bus import publish_hint
from app.core.db import JSON
from app.core.errors import AppError
from app.core.resources import Resources
from app.mcp.discovery import stored
from app.mcp.known import note_first
from app.mcp.models import McpServer, ServerState
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.oauth.tokens import Tokens
from app.mcp.offering import note_offers
from app.mcp.probe import Found, probe
from app.mcp.spec import ServerSpec
from app.mcp.specs import as_spec, note_state, spec_for
from app.mcp.trying import FoundTool, Trial, unpack


async def try_server(ctx: dict[str, Any], id: str, sealed: str) -> JSON:
    """A Trial as JSON; what it needs is sealed, for it holds secrets."""
    resources: Resources = ctx["resources"]
    try:
        trial = await _try(resources, unpack(resources, id, sealed))
    except AppError as error:
        trial = Trial(reached=False, sentence=str(error))
    return trial.model_dump(mode="json")


async def look_at_server(ctx: dict[str, Any], server_id: str, user_id: str | None = None) -> None:
    """Learn what a user's new server offers: its session is opened only when it is used.

    With a user: learn it as who has just signed in.
    """
    resources: Resources = ctx["resources"]
    try:
        async with resources.db.transaction() as session:
            server = await session.get(McpServer, UUID(server_id))
            if server is None or not server.enabled:
                return
            spec = (
                as_spec(resources, server)
                if user_id is None
                else await spec_for(session, resources, server, UUID(user_id))
            )
    except AppError:
        return  # its secrets do not open: whoever reads the registry says so
    await _try(resources, spec)


async def _try(resources: Resources, spec: ServerSpec) -> Trial:
    try:
        found = await probe(spec, resources.settings, Tokens(resources))
    except SignInNeeded as needed:
        if spec.credential_id is None:
            await _note_state(resources, spec, ServerState.SIGN_IN, str(needed))
        return Trial(reached=False, sentence=str(needed), wants_sign_in=True)
    except AppError as error:
        await _note(resources, spec, None, str(error))
        return Trial(reached=False, sentence=str(error))
    trial = _told(found)
    await _note(resources, spec, found, trial.sentence)
    return trial


def _told(found: Found) -> Trial:
    return Trial(
        reached=True,
        sentence=" ".join(filter(None, (found.why, found.limits))),
        transport=found.transport,
        server_name=found.server_name,
        server_version=found.server_version,
        tools=[FoundTool.of(tool) for tool in stored(found.tools)],
        milliseconds=found.milliseconds,
    )


async def _note(resources: Resources, spec: ServerSpec, found: Found | None, text: str) -> None:
    """Keep what was found. That a trial failed says nothing against a session that stands."""
    if found is None:
        await _note_state(resources, spec, ServerState.AWAY, text)
        return
    more = {"chosen": found.transport, "tools": stored(found.tools)}
    await _note_state(resources, spec, ServerState.CONNECTED, text, **more)
    async with resources.db.transaction() as session:
        await note_first(session, spec, found.tools)
        if spec.id is not None and not spec.is_shared:
            await note_offers(session, spec.id, found.offers)


async def _note_state(
    resources: Resources, spec: ServerSpec, state: ServerState, text: str, **more: Any
) -> None:
    """Keep what was found of a registered server, unless it is another one by now."""
    if spec.id is None:
        return
    async with resources.db.transaction() as session:
        server = await session.get(McpServer, spec.id)
        if server is None or server.version != spec.version:
            return
        if state is not ServerState.AWAY or server.state is not ServerState.CONNECTED:
            await note_state(session, spec.id, state, text, **more)
    await publish_hint(resources.redis, "mcp", spec.id)
