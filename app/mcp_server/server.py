"""The server object: the table of what is offered, and one call of it."""

from typing import Any

from mcp import McpError, types
from mcp.server.lowlevel import Server
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from app import __version__
from app.core.address import base_address
from app.core.clock import new_id
from app.core.errors import AppError
from app.core.language import preferred_language
from app.core.logs import log
from app.core.refusals import in_language
from app.mcp_server import files, memories, search, tasks
from app.mcp_server.offered import Call, Given, Offered
from app.oauth.models import Scope

OFFERED: dict[str, Offered] = {
    tool.name: tool for tool in (*tasks.TOOLS, *search.TOOLS, *files.TOOLS, *memories.TOOLS)
}

_INSTRUCTIONS = (
    "Keiko is the user's own assistant. Here are their tasks in the background, the files these"
    " brought, what was said in their conversations, and what Keiko remembers for them."
)


def build_server() -> Server[Any, Request]:
    """The server that answers one request after another, each by whoever holds its token."""
    server: Server[Any, Request] = Server(
        "keiko", version=__version__, instructions=_INSTRUCTIONS, website_url=None
    )

    async def list_tools(_: types.ListToolsRequest) -> types.ServerResult:
        scopes = _call_of(server).guest.scopes
        tools = [tool.described() for tool in OFFERED.values() if tool.scope in scopes]
        return types.ServerResult(types.ListToolsResult(tools=tools))

    async def call_tool(asked: types.CallToolRequest) -> types.ServerResult:
        return types.ServerResult(await _answer(_call_of(server), asked.params))

    server.request_handlers[types.ListToolsRequest] = list_tools
    server.request_handlers[types.CallToolRequest] = call_tool
    return server


def scope_of(tool: str) -> Scope:
    """What leave a call of this tool needs."""
    offered = OFFERED.get(tool)
    return offered.scope if offered else Scope.READ


def _call_of(server: Server[Any, Request]) -> Call:
    context = server.request_context
    request = context.request
    if request is None:
        raise RuntimeError("The server is asked by HTTP alone.")
    token = context.meta.progressToken if context.meta else None

    async def tell(per_cent: int, words: str) -> None:
        if token is not None:
            await context.session.send_progress_notification(
                token, per_cent, 100, words or None, related_request_id=str(context.request_id)
            )

    return Call(
        resources=request.state.resources,
        guest=request.state.guest,
        base=base_address(request),
        language=preferred_language(request.headers.get("accept-language")),
        tell=tell,
    )


async def _answer(call: Call, asked: types.CallToolRequestParams) -> types.CallToolResult:
    tool = OFFERED.get(asked.name)
    if tool is None or tool.scope not in call.guest.scopes:
        raise McpError(types.ErrorData(code=types.INVALID_PARAMS, message="There is no such tool."))
    try:
        given = tool.takes.model_validate(asked.arguments or {})
        return _done(await tool.work(call, given))
    except ValidationError as error:
        return _failed(_sentence(error))
    except AppError as error:
        return _failed(in_language(str(error), call.language))
    except Exception:  # noqa: BLE001 - a face's runtime: a bug must not show its stack to others
        reference = new_id().hex[-12:]
        log.exception("mcp_call_failed", tool=tool.name, reference=reference)
        sentence = f"Something went wrong on our side. Reference: {reference}."
        return _failed(in_language(sentence, call.language))


def _done(given: BaseModel | Given) -> types.CallToolResult:
    shown = given.shown if isinstance(given, Given) else given
    content: list[types.ContentBlock] = [
        types.TextContent(type="text", text=shown.model_dump_json())
    ]
    if isinstance(given, Given):
        content.append(given.beside)
    return types.CallToolResult(content=content, structuredContent=shown.model_dump(mode="json"))


def _failed(sentence: str) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=sentence)], isError=True
    )


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"{field}: {first['msg']}." if field else f"{first['msg']}."
