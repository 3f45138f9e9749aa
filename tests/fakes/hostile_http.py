"""An HTTP server that is no MCP server, each path in its own way."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


async def _answer(request: web.Request) -> web.StreamResponse:
    match request.path:
        case "/redirect":
            return web.Response(status=307, headers={"location": "http://127.0.0.1/elsewhere"})
        case "/html":
            return web.Response(text="<h1>Hello</h1>", content_type="text/html")
        case "/json":
            return web.json_response([1, 2])
        case "/large":
            return web.Response(body=b'"' + b"x" * 20_000_000, content_type="application/json")
        case "/packed":
            packed = gzip.compress(b'{"jsonrpc":"2.0","id":0,"result":{}}')
            headers = {"content-encoding": "gzip", "content-type": "application/json"}
            return web.Response(body=packed, headers=headers)
    return web.Response(status=int(request.path[1:]))


@asynccontextmanager
async def hostile_http() -> AsyncIterator[tuple[str, list[str]]]:
    """Its address, and the paths that were asked for."""
    seen: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        return await _answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}", seen
    finally:
        await runner.cleanup()
