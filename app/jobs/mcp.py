"""Whether a server can be reached: tried where it would be used, in a worker."""

from typing import Any

from app.core.db import JSON
from app.core.errors import AppError
from app.core.resources import Resources
from app.mcp.probe import Found, probe
from app.mcp.trying import FoundTool, Trial, unpack


async def try_server(ctx: dict[str, Any], id: str, sealed: str) -> JSON:
    """A Trial as JSON; what it needs is sealed, for it holds secrets."""
    resources: Resources = ctx["resources"]
    try:
        trial = _told(await probe(unpack(resources, id, sealed), resources.settings))
    except AppError as error:
        trial = Trial(reached=False, sentence=str(error))
    return trial.model_dump(mode="json")


def _told(found: Found) -> Trial:
    tools = [tool.model_dump(mode="json", exclude_none=True) for tool in found.tools]
    return Trial(
        reached=True,
        sentence=" ".join(filter(None, (found.why, found.limits))),
        transport=found.transport,
        server_name=found.server_name,
        server_version=found.server_version,
        tools=[FoundTool.of(tool) for tool in tools],
        milliseconds=found.milliseconds,
    )
