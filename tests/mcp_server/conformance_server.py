"""What the official suite wants a server to offer, behind Keiko's own door and transport.

Only the offers are a test's; the gate, the token, the checks and the transport are the product's.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from mcp import types
from mcp.server.lowlevel import Server
from pydantic import AnyUrl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.mcp_server.answers import MCP_PATH
from tests.files.keeping import PNG

DRAFT = "https://json-schema.org/draft/2020-12/schema"
IMAGE = types.ImageContent(type="image", data=base64.b64encode(PNG).decode(), mimeType="image/png")
AUDIO = types.AudioContent(
    type="audio", data=base64.b64encode(b"RIFF....WAVE").decode(), mimeType="audio/wav"
)
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
ADDRESS = {
    "$schema": DRAFT,
    "type": "object",
    "$defs": {
        "address": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "additionalProperties": False,
}


def text(said: str) -> types.TextContent:
    return types.TextContent(type="text", text=said)


def resource(uri: str, said: str) -> types.EmbeddedResource:
    inside = types.TextResourceContents(uri=AnyUrl(uri), mimeType="text/plain", text=said)
    return types.EmbeddedResource(type="resource", resource=inside)


CONTENT: dict[str, list[types.ContentBlock]] = {
    "test_simple_text": [text("This is a simple text response for testing.")],
    "test_image_content": [IMAGE],
    "test_audio_content": [AUDIO],
    "test_embedded_resource": [
        resource("test://embedded-resource", "This is an embedded resource content.")
    ],
    "test_multiple_content_types": [
        text("Multiple content types test:"),
        IMAGE,
        resource("test://mixed-content-resource", '{"test":"data","value":123}'),
    ],
    "test_tool_with_progress": [text("Done.")],
    "json_schema_2020_12_tool": [text("Done.")],
}


def build_fixture() -> Server[Any, Request]:
    """A server that offers what the suite asks for."""
    server: Server[Any, Request] = Server("fixture", version="1")
    _offer_tools(server)
    _offer_resources(server)
    _offer_prompts(server)
    return server


def _offer_tools(server: Server[Any, Request]) -> None:
    async def list_tools(_: types.ListToolsRequest) -> types.ServerResult:
        names = (*CONTENT, "test_error_handling")
        schemas = {"json_schema_2020_12_tool": ADDRESS}
        tools = [
            types.Tool(name=n, description=n, inputSchema=schemas.get(n, NOTHING)) for n in names
        ]
        return types.ServerResult(types.ListToolsResult(tools=tools))

    async def call_tool(asked: types.CallToolRequest) -> types.ServerResult:
        name, context = asked.params.name, server.request_context
        if name == "test_error_handling":
            failed = [text("This tool intentionally returns an error for testing")]
            return types.ServerResult(types.CallToolResult(content=[*failed], isError=True))
        if name == "test_tool_with_progress" and context.meta and context.meta.progressToken:
            for done in (0, 50, 100):
                await context.session.send_progress_notification(
                    context.meta.progressToken,
                    done,
                    100,
                    related_request_id=str(context.request_id),
                )
        return types.ServerResult(types.CallToolResult(content=CONTENT[name]))

    server.request_handlers[types.ListToolsRequest] = list_tools
    server.request_handlers[types.CallToolRequest] = call_tool


def _offer_resources(server: Server[Any, Request]) -> None:
    uris = ("test://static-text", "test://static-binary", "test://watched-resource")

    async def list_resources(_: types.ListResourcesRequest) -> types.ServerResult:
        found = [types.Resource(uri=AnyUrl(uri), name=uri, description=uri) for uri in uris]
        return types.ServerResult(types.ListResourcesResult(resources=found))

    async def list_templates(_: types.ListResourceTemplatesRequest) -> types.ServerResult:
        template = types.ResourceTemplate(uriTemplate="test://template/{id}/data", name="data")
        return types.ServerResult(types.ListResourceTemplatesResult(resourceTemplates=[template]))

    async def read_resource(asked: types.ReadResourceRequest) -> types.ServerResult:
        uri = asked.params.uri
        inside: types.TextResourceContents | types.BlobResourceContents
        if "binary" in str(uri):
            blob = base64.b64encode(PNG).decode()
            inside = types.BlobResourceContents(uri=uri, mimeType="image/png", blob=blob)
        else:
            said = f'{{"id":"123","templateTest":true,"data":"Data for {uri}"}}'
            inside = types.TextResourceContents(uri=uri, mimeType="application/json", text=said)
        return types.ServerResult(types.ReadResourceResult(contents=[inside]))

    server.request_handlers[types.ListResourcesRequest] = list_resources
    server.request_handlers[types.ListResourceTemplatesRequest] = list_templates
    server.request_handlers[types.ReadResourceRequest] = read_resource


def _offer_prompts(server: Server[Any, Request]) -> None:
    arguments = [types.PromptArgument(name=f"arg{n}", required=True) for n in (1, 2)]
    prompts = {
        "test_simple_prompt": [],
        "test_prompt_with_arguments": arguments,
        "test_prompt_with_embedded_resource": [
            types.PromptArgument(name="resourceUri", required=True)
        ],
        "test_prompt_with_image": [],
    }

    async def list_prompts(_: types.ListPromptsRequest) -> types.ServerResult:
        found = [types.Prompt(name=n, description=n, arguments=a) for n, a in prompts.items()]
        return types.ServerResult(types.ListPromptsResult(prompts=found))

    async def get_prompt(asked: types.GetPromptRequest) -> types.ServerResult:
        given = asked.params.arguments or {}
        contents: dict[str, list[types.ContentBlock]] = {
            "test_simple_prompt": [text("This is a simple prompt for testing.")],
            "test_prompt_with_arguments": [
                text(
                    f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"
                )
            ],
            "test_prompt_with_embedded_resource": [
                resource(given.get("resourceUri", "test://x"), "Embedded resource content.")
            ],
            "test_prompt_with_image": [IMAGE, text("Please analyze the image above.")],
        }
        said = [
            types.PromptMessage(role="user", content=block) for block in contents[asked.params.name]
        ]
        return types.ServerResult(types.GetPromptResult(messages=said))

    async def complete(_: types.CompleteRequest) -> types.ServerResult:
        completion = types.Completion(values=["testing"], total=1, hasMore=False)
        return types.ServerResult(types.CompleteResult(completion=completion))

    server.request_handlers[types.ListPromptsRequest] = list_prompts
    server.request_handlers[types.GetPromptRequest] = get_prompt
    server.request_handlers[types.CompleteRequest] = complete


@asynccontextmanager
async def with_token(url: str, token: str) -> AsyncIterator[str]:
    """An address whose requests go on to `url` with a token, which the suite cannot hold.

    The suite's own Host and Origin go on as they are, but for this address itself.
    """
    away = ("content-length", "connection", "transfer-encoding", "keep-alive")

    async def pass_on(request: Request) -> Response:
        headers = {k: v for k, v in request.headers.items() if k not in away}
        here, there = request.url.netloc, httpx.URL(url).netloc.decode()
        headers["authorization"] = f"Bearer {token}"
        for name in ("host", "origin"):
            if name in headers and here == f"127.0.0.1:{port}":
                headers[name] = headers[name].replace(here, there)
        answer = await http.request(
            request.method, url, content=await request.body(), headers=headers
        )
        kept = {k: v for k, v in answer.headers.items() if k not in away}
        return Response(answer.content, answer.status_code, kept)

    app = Starlette(routes=[Route(MCP_PATH, pass_on, methods=["GET", "POST", "DELETE"])])
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    async with httpx.AsyncClient(timeout=30) as http:
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}{MCP_PATH}"
        finally:
            server.should_exit = True
            await serving
