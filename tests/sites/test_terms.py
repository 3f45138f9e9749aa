"""What the assistant of a site may use, and what it is told: the site's own, and nothing more."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.core.resources import Resources
from app.sites.service import change_site
from app.turns.service import Turns
from app.users.models import User
from tests.api.acting import Web
from tests.fakes.model import FakeModel
from tests.flows.test_approvals import Flow, scripted
from tests.flows.test_message import rows_at_end, running_worker, say
from tests.sites.acting import Frame, Shop, open_shop


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with FakeModel() as fake:
        yield fake


@pytest.fixture
async def ready(
    resources: Resources, model: FakeModel, admin: User, tmp_path: Path
) -> AsyncIterator[Resources]:
    """A worker that knows its tools."""
    prepared = scripted(resources, model)
    async with running_worker(prepared):
        await Flow(prepared, admin, tmp_path / "lines").ready()
        yield prepared


async def answered(ready: Resources, frame: Frame, text: str, **more: Any) -> list[str]:
    """What tools and assistant said to a visitor's message, in order."""
    said = await frame.done("POST", "/messages", {"text": text, **more})
    me = (await frame.done("GET", "/me"))["user_id"]
    incoming = say(UUID(me), text)
    object.__setattr__(incoming, "thread_id", UUID(said["thread_id"]))
    rows = await rows_at_end(ready, incoming)
    return [step.output for step in rows.steps if step.kind != "user_message"]


def offered(model: FakeModel) -> set[str]:
    """The tools that the model was told of last."""
    tools = model.chats[-1].body.get("tools") or []
    return {tool["function"]["name"] for tool in tools}


async def test_a_visitors_assistant_has_the_sites_tools_and_no_other(
    ready: Resources, model: FakeModel, web: Web, admin: User
) -> None:
    shop = await open_shop(ready, web.url, admin, tools=["keiko/clock", "fake/process_*"])
    async with shop.frame() as frame:
        await frame.come_in()
        await answered(ready, frame, "Hello")
        assert offered(model) == {"clock", "process_id"}
        call = f"!tool append_line {json.dumps({'path': '/x', 'text': 'y'})} !then !say done"
        outputs = await answered(ready, frame, call)
        assert not any("Appended" in each for each in outputs)
        assert await frame.done("GET", "/questions") == []


async def test_without_any_pattern_there_is_no_tool(
    ready: Resources, model: FakeModel, shop: Shop, frame: Frame
) -> None:
    await frame.come_in()
    await answered(ready, frame, "Hello")
    assert offered(model) == set()


async def test_a_tool_that_is_taken_away_is_gone_for_the_next_message(
    ready: Resources, model: FakeModel, web: Web, admin: User
) -> None:
    shop = await open_shop(ready, web.url, admin, tools=["keiko/*"])
    async with shop.frame() as frame:
        await frame.come_in()
        await answered(ready, frame, "Hello")
        assert "clock" in offered(model)
        async with ready.db.transaction() as session:
            await change_site(session, ready, admin.id, shop.site.id, {"tools": []})
        await answered(ready, frame, "Hello")
        assert offered(model) == set()


async def test_the_assistant_is_told_of_the_site_and_others_are_not(
    ready: Resources, model: FakeModel, web: Web, admin: User
) -> None:
    shop = await open_shop(ready, web.url, admin, instructions="We sell bicycles.")
    async with shop.frame() as frame:
        await frame.come_in()
        await answered(ready, frame, "Hello")
    system = model.chats[-1].body["messages"][0]["content"]
    assert "“Shop”" in system
    assert "We sell bicycles." in system
    incoming = say(admin.id, "Hello")
    await Turns(ready).accept(incoming)
    await rows_at_end(ready, incoming)
    assert "bicycles" not in str(model.chats[-1].body)


async def test_visitors_choose_no_model_and_have_no_commands(
    ready: Resources, model: FakeModel, shop: Shop, frame: Frame
) -> None:
    await frame.come_in()
    before = len(model.chats)
    await answered(ready, frame, "Hello", model="no-such-model")
    await answered(ready, frame, "/remind me of it tomorrow at 9")
    assert len(model.chats) == before + 2  # the site's model answered both


async def test_a_background_task_of_a_visitor_has_the_same_terms(
    ready: Resources, model: FakeModel, shop: Shop, frame: Frame
) -> None:
    await frame.come_in()
    started = await frame.done("POST", "/tasks", {"text": "Hello"})
    incoming = say(UUID((await frame.done("GET", "/me"))["user_id"]), "Hello")
    object.__setattr__(incoming, "thread_id", UUID(started["thread_id"]))
    await rows_at_end(ready, incoming)
    assert offered(model) == set()
    assert "“Shop”" in model.chats[-1].body["messages"][0]["content"]
