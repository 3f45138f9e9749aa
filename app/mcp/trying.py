"""Whether a server can be reached: asked by a face, tried by a worker, told in one sentence.

What is to be tried travels sealed, for it holds secrets and need not be kept anywhere.
"""

import base64
from collections.abc import Awaitable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id
from app.core.db import JSON, after_commit
from app.core.errors import TooMany, Unavailable
from app.core.jobs import ask_worker, tell_worker
from app.core.resources import Resources
from app.core.sealed import Place
from app.mcp.checks import Draft, check
from app.mcp.models import McpServer, ServerState, Transport
from app.mcp.spec import ServerSpec

JOB, LOOK = "try_server", "look_at_server"
LONGEST_SECONDS = 60.0
"""How long a worker may try; a server may have to download itself first."""

_WAIT_SECONDS = LONGEST_SECONDS + 10
_LOOK_WITHIN = 3600.0
_SPEC = TypeAdapter(ServerSpec)


class FoundTool(BaseModel):
    """A tool that a server offers; whether it only reads is the server's own word."""

    name: str
    description: str
    read_only: bool

    @classmethod
    def of(cls, tool: JSON) -> "FoundTool":
        """From a tool as MCP writes it."""
        hints = tool.get("annotations") or {}
        return cls(
            name=str(tool.get("name", "")),
            description=str(tool.get("description") or tool.get("title") or ""),
            read_only=hints.get("readOnlyHint") is True,
        )


class Trial(BaseModel):
    """What came of trying; `sentence` says why this transport, or what the trouble is."""

    reached: bool
    sentence: str
    wants_sign_in: bool = False
    transport: Transport | None = None
    server_name: str | None = None
    server_version: str | None = None
    tools: list[FoundTool] = []
    milliseconds: int | None = None


def spec_of(resources: Resources, draft: Draft) -> ServerSpec:
    """A server that nobody has registered yet, as it is reached. Raises Invalid with the field."""
    said: dict[str, Any] = vars(check(draft, resources.settings)).copy()
    for name in ("description", "oauth", "sign_in", "provider"):
        said.pop(name)
    return ServerSpec(**{**said, "args": tuple(draft.args)})


async def try_out(resources: Resources, user_id: UUID, spec: ServerSpec) -> Trial:
    """Have a worker reach a server, and tell what it found. One at a time for each user.

    Raises TooMany while another one is under way.
    """
    turn = f"mcp:trying:{user_id}"
    if not await resources.redis.set(turn, b"1", nx=True, ex=int(_WAIT_SECONDS)):
        raise TooMany("A server is being tried already. Wait for its end.", retry_after=5)
    try:
        found = await ask_worker(
            resources.redis, JOB, *_pack(resources, spec), seconds=_WAIT_SECONDS
        )
        return Trial.model_validate(found)
    except Unavailable as error:
        return Trial(reached=False, sentence=str(error))
    finally:
        await resources.redis.delete(turn)


def have_looked_at_as(resources: Resources, server_id: UUID, user_id: UUID) -> Awaitable[None]:
    """Have a worker learn what a server offers to somebody who has just signed in."""
    who = (str(server_id), str(user_id))
    return tell_worker(resources.redis, LOOK, *who, seconds=_LOOK_WITHIN)


def have_looked_at(session: AsyncSession, resources: Resources, server: McpServer) -> None:
    """Have a worker learn what a user's own server offers, once the transaction stands.

    A shared one is opened at once; an own one when it is used, and then its tools must be known.
    """
    unknown = server.enabled and server.state is ServerState.UNKNOWN
    if unknown and server.user_id is not None:
        redis, id = resources.redis, str(server.id)
        after_commit(session, lambda: tell_worker(redis, LOOK, id, seconds=_LOOK_WITHIN))


def _pack(resources: Resources, spec: ServerSpec) -> tuple[str, str]:
    id = new_id()
    sealed = resources.sealer.seal(asdict(spec), _place(id))
    return str(id), base64.b64encode(sealed).decode()


def unpack(resources: Resources, id: str, sealed: str) -> ServerSpec:
    """What is to be tried, in the worker. Raises Unavailable where its key is another one."""
    said = resources.sealer.unseal(base64.b64decode(sealed), _place(UUID(id)))
    return _SPEC.validate_python(said)


def _place(id: UUID) -> Place:
    return Place("jobs", JOB, id)
