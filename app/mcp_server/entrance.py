"""The door of `/mcp`: nobody comes in without a token of a user, for this very address."""

from typing import Any

import orjson
from mcp import types
from mcp.server.lowlevel import Server
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.address import base_address
from app.core.resources import Resources
from app.events.refusals import note_refusal
from app.mcp_server.answers import MCP_PATH, answered, challenge, refused, said
from app.mcp_server.server import scope_of
from app.mcp_server.transport import answer_once
from app.oauth import models
from app.oauth.tokens import find_guest


class Entrance:
    """ASGI application at `/mcp`; finds `resources` in the request's state."""

    def __init__(self, server: Server[Any, Request]) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of a program that may come in."""
        request = Request(scope, receive)
        refusal = await answered(request, _refuse)
        if refusal.status_code != 200:
            await refusal(scope, receive, send)
            return
        body = await request.body()
        await answer_once(self._server, scope, body, send, streams=_streams(request))


async def _refuse(request: Request) -> Response:
    """Why this request is not heard; an empty answer if it is. Notes who asks."""
    base = base_address(request)
    if request.headers.get("origin", base) != base:
        return refused("invalid_request", "This request comes from a foreign page.", 403)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        return refused(
            "unauthorized", "Come in with a token; its scope is read, or read write.", 401,
            challenge(request),
        )  # fmt: skip
    resources: Resources = request.state.resources
    async with resources.db.transaction() as session:
        guest = await find_guest(session, token.strip(), base + MCP_PATH)
    if guest is None:
        note_refusal(request, reason="unknown_key", what=f"{request.method} {MCP_PATH}")
        description = "The token is not known here, or it is over."
        headers = challenge(request, error="invalid_token", error_description=description)
        return refused("invalid_token", description, 401, headers)
    if request.method != "POST":
        headers = {"Allow": "POST"}
        return refused("invalid_request", "There is no stream here; POST requests.", 405, headers)
    try:
        message = orjson.loads(await request.body())
    except ValueError:
        return _unreadable()
    if scope_of(_tool(message)) not in guest.scopes:
        description = "The user has not granted what this tool needs."
        everything = " ".join(models.Scope)
        headers = challenge(
            request,
            error="insufficient_scope",
            scope=everything,
            error_description=description,
        )
        return refused("insufficient_scope", description, 403, headers)
    request.state.guest, request.state.message = guest, message
    return Response()


def _unreadable() -> Response:
    """What is no JSON, or is nested without end, is never shown to the protocol."""
    error = {"code": types.PARSE_ERROR, "message": "This is not JSON."}
    return said({"jsonrpc": "2.0", "id": None, "error": error}, 400)


def _streams(request: Request) -> bool:
    """Whether somebody wants to be told how far it is, and can be."""
    try:
        token = request.state.message["params"]["_meta"]["progressToken"]
    except (TypeError, KeyError):
        return False
    return token is not None and "text/event-stream" in request.headers.get("accept", "")


def _tool(message: Any) -> str:
    """The tool that a message calls; nothing if it calls none."""
    try:
        name = message["params"]["name"] if message["method"] == "tools/call" else ""
    except (TypeError, KeyError):
        return ""
    return name if isinstance(name, str) else ""
