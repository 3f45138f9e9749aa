"""Whether a server can be reached: asked over REST, tried in a worker, told in one sentence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.cancel import end
from app.core.jobs import QUEUE
from app.core.resources import Resources
from app.core.settings import Settings, python
from app.jobs.mcp import look_at_server, try_server
from app.jobs.runtime import job_worker
from app.mcp import trying
from app.mcp.specs import read_specs
from tests.api.acting import Person
from tests.fakes.guarded_tools import guarded_tools, walk

ADDRESS = {
    "name": "tracker",
    "url": "https://example.com/mcp",
    "headers": {"Authorization": "Bearer hunter2"},
}
COMMAND: dict[str, Any] = {
    "name": "fake",
    "command": python(),
    "args": ["-m", "tests.fakes.tool_server"],
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mcp_commands": [python()]})


@asynccontextmanager
async def at_work(resources: Resources) -> AsyncIterator[None]:
    async with job_worker(resources) as jobs:
        working = asyncio.create_task(jobs.main())
        try:
            yield
        finally:
            await end(working)


async def test_a_worker_tries_a_server_that_nobody_has_registered(
    ada: Person, resources: Resources
) -> None:
    async with at_work(resources):
        trial = await ada.done("POST", "/mcp/servers/test", COMMAND)
    assert (trial["reached"], trial["transport"]) == (True, "stdio")
    assert trial["sentence"].endswith(".") and trial["milliseconds"] > 0
    assert "append_line" in [tool["name"] for tool in trial["tools"]]
    assert (await ada.done("GET", "/mcp/servers"))["items"] == []


async def test_a_trial_says_that_somebody_has_to_sign_in_and_tries_as_who_has(
    ada: Person, resources: Resources
) -> None:
    resources.settings.outbound_private.append("127.0.0.1")
    async with guarded_tools() as guarded, at_work(resources):
        body = {"name": "notes", "url": guarded.url}
        trial = await ada.done("POST", "/mcp/servers/test", body, accept_language="de")
        assert (trial["reached"], trial["wants_sign_in"]) == (False, True)
        assert trial["sentence"].startswith("Er will, dass du dich anmeldest.")
        made = await ada.done("POST", "/mcp/servers", body)
        path = f"/mcp/servers/{made['id']}"
        assert (await ada.done("POST", f"{path}/test"))["wants_sign_in"]
        seen = await ada.done("GET", path)
        assert (seen["state"], seen["signed_in"]["state"]) == ("sign_in", "needed")
        begun = await ada.done("POST", f"{path}/sign-in", {"back": "/work/tools"})
        await ada.http.get((await walk(begun["address"])).raw_path.decode())
        trial = await ada.done("POST", f"{path}/test")
        assert (trial["reached"], trial["wants_sign_in"]) == (True, False)
        assert "whoami" in [tool["name"] for tool in trial["tools"]]
        async with asyncio.timeout(20):
            while await resources.redis.zcard(QUEUE):  # what was looked at meanwhile
                await asyncio.sleep(0.05)


async def test_what_is_tried_travels_sealed(
    ada: Person, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "_WAIT_SECONDS", 1.5)
    trial = await ada.done("POST", "/mcp/servers/test", ADDRESS)
    assert trial["reached"] is False and "worker" in trial["sentence"]
    keys = [key async for key in resources.redis.scan_iter("arq:job:*")]
    assert keys == [] or b"hunter2" not in b"".join(
        [await resources.redis.get(key) or b"" for key in keys]
    )
    assert await resources.redis.exists(f"mcp:trying:{ada.user_id}") == 0


async def test_what_is_in_the_way_of_a_server_is_one_sentence(
    ada: Person, resources: Resources
) -> None:
    resources.settings.outbound_private.append("127.0.0.1")
    body = {"name": "nobody", "url": "http://127.0.0.1:9/mcp"}
    made = await ada.done("POST", "/mcp/servers", body)
    async with at_work(resources):
        path = f"/mcp/servers/{made['id']}"
        trial = await ada.done("POST", f"{path}/test")
        german = await ada.done("POST", f"{path}/test", accept_language="de")
        seen = await ada.done("GET", path, accept_language="de")
    assert trial["reached"] is False
    assert trial["sentence"].startswith("“nobody” cannot be used. Nobody listens at its address;")
    assert german["sentence"].startswith("„nobody“ ist nicht zu gebrauchen. Unter seiner Adresse")
    assert seen["state_text"] == german["sentence"]


async def test_one_trial_at_a_time(ada: Person, resources: Resources) -> None:
    await resources.redis.set(f"mcp:trying:{ada.user_id}", b"1")
    status, error = await ada.refused("POST", "/mcp/servers/test", ADDRESS)
    assert (status, error["code"]) == (429, "too_many")
    assert await resources.redis.zcard(QUEUE) == 0


async def test_a_worker_looks_at_a_new_server_so_that_its_tools_are_known_before_it_is_used(
    ada: Person, resources: Resources
) -> None:
    made = await ada.done("POST", "/mcp/servers", COMMAND)
    async with at_work(resources), resources.redis.pubsub(ignore_subscribe_messages=True) as hints:
        await hints.subscribe("hints")
        seen = await looked_at(ada, made["id"])
        assert (seen["state"], seen["chosen"]) == ("connected", "stdio")
        async with resources.db.transaction() as session:
            [spec] = await read_specs(session, resources)
        assert "append_line" in [tool["name"] for tool in spec.tools if "inputSchema" in tool]
        async with asyncio.timeout(20):
            while (heard := await hints.get_message(timeout=1)) is None:
                continue
        assert heard["data"].decode() == f"mcp:{made['id']}"


async def test_what_was_in_the_way_of_a_new_server_is_its_state(
    ada: Person, resources: Resources
) -> None:
    made = await ada.done("POST", "/mcp/servers", {**COMMAND, "args": ["-c", "1"]})
    async with at_work(resources):
        seen = await looked_at(ada, made["id"])
        assert (seen["state"], seen["tools"]) == ("away", [])
        assert seen["state_text"]
        await ada.done("PATCH", f"/mcp/servers/{made['id']}", {"args": COMMAND["args"]})
        assert (await looked_at(ada, made["id"]))["state"] == "connected"


async def test_a_trial_of_a_server_that_has_changed_meanwhile_is_not_kept(
    ada: Person, resources: Resources
) -> None:
    made = await ada.done("POST", "/mcp/servers", COMMAND)
    async with resources.db.transaction() as session:
        [spec] = await read_specs(session, resources)
    await ada.done("POST", f"/mcp/servers/{made['id']}/disable")
    sealed = trying._pack(resources, spec)
    assert (await try_server({"resources": resources}, *sealed))["reached"]
    await look_at_server({"resources": resources}, made["id"])
    seen = await ada.done("GET", f"/mcp/servers/{made['id']}")
    assert (seen["state"], seen["tools"]) == ("unknown", [])


async def looked_at(person: Person, id: str) -> Any:
    """The server once a worker has looked at it."""
    async with asyncio.timeout(60):
        while True:
            seen = await person.done("GET", f"/mcp/servers/{id}")
            if seen["state"] != "unknown":
                return seen
            await asyncio.sleep(0.05)
