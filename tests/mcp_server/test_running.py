"""A whole Keiko, used by the client of the SDK, while its processes die."""

import httpx
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.mcp_server.sdk import Hand, Kept, provider
from tests.product import Product


async def test_another_assistant_has_work_done_while_the_web_process_is_killed(
    product: Product,
) -> None:
    kept = Kept()
    async with (
        httpx.AsyncClient(base_url=product.url, cookies=product.login(), timeout=30) as browser,
        httpx.AsyncClient(auth=provider(product.url, kept, Hand(browser)), timeout=60) as http,
        streamable_http_client(f"{product.url}/mcp", http_client=http) as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        started = await session.call_tool("start_task", {"text": "What is 6 * 7?"})
        assert started.structuredContent is not None, started
        product.wait_for_new("web", product.kill("web"))
        product.wait_ready()
        done = await session.call_tool(
            "get_task", {"task_id": started.structuredContent["id"], "wait_seconds": 50}
        )
        assert done.structuredContent is not None
        assert done.structuredContent["status"] == "completed"
        assert "42" in done.structuredContent["answer"]
        await session.call_tool("remember", {"text": "Ada has a red bicycle."})
        found = await session.call_tool("recall_memories", {"query": "bicycles"})
        assert "Ada has a red bicycle." in str(found.structuredContent)
