"""What a tool brings walks to the model and into the thread, and is the same after a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.chats.models import Step, StepKind
from app.core.redis import server_health_key
from app.core.resources import Resources
from app.turns.service import Incoming, ThreadRows, Turns
from tests.factories import MakeUser
from tests.fakes.model import FakeModel
from tests.fakes.tools import RICH
from tests.flows.test_message import rows_at_end, running_worker


@pytest.fixture
async def fake(resources: Resources) -> AsyncIterator[FakeModel]:
    """A scripted model that sees, for a worker with a server of rich answers."""
    async with FakeModel() as model:
        resources.settings.model_url = model.url
        resources.settings.tool_servers = [RICH]
        yield model


async def is_connected(resources: Resources) -> bool:
    health = await resources.redis.get(server_health_key("rich"))
    return b'"connected"' in (health or b"")


@asynccontextmanager
async def rich_worker(resources: Resources) -> AsyncIterator[None]:
    """A worker whose server of rich answers is there."""
    async with running_worker(resources):
        async with asyncio.timeout(30):
            while b'"connected"' not in (
                await resources.redis.get(server_health_key("rich")) or b""
            ):
                await asyncio.sleep(0.05)
        yield


class Talk:
    """One conversation of one user."""

    def __init__(self, resources: Resources, user_id: UUID) -> None:
        self._resources = resources
        self._user_id = user_id
        self._thread_id = uuid4()

    async def say(self, text: str) -> ThreadRows:
        incoming = Incoming(
            message_id=uuid4(),
            thread_id=self._thread_id,
            user_id=self._user_id,
            author="ada",
            text=text,
            language="en",
        )
        await Turns(self._resources).accept(incoming)
        return await rows_at_end(self._resources, incoming)


def tool_steps(rows: ThreadRows) -> list[Step]:
    return [step for step in rows.steps if step.kind is StepKind.TOOL]


def told(fake: FakeModel, at: int = -1) -> list[dict[str, Any]]:
    """The messages of a request."""
    messages: list[dict[str, Any]] = fake.chats[at].body["messages"]
    return messages


def of_tools(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a model is told of the calls: their results, and the images that follow."""
    return [m for m in messages if m["role"] == "tool" or isinstance(m["content"], list)]


async def test_an_image_reaches_the_model_and_the_thread_and_is_told_again_after_a_restart(
    resources: Resources, make_user: MakeUser, fake: FakeModel
) -> None:
    talk = Talk(resources, (await make_user("ada")).id)
    async with rich_worker(resources):
        rows = await talk.say("!tool draw {} !then !say A gradient.")
    (step,) = tool_steps(rows)
    assert step.output == "Here is your chart."
    (file,) = step.details["files"]
    first = of_tools(told(fake))
    assert [m["role"] for m in first] == ["tool", "user"]
    assert f"file {file['id']}: the user sees it" in first[0]["content"]
    assert first[1]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    async with running_worker(resources):
        await talk.say("!say What did I ask?")
    again = of_tools(told(fake))
    assert [m["content"] for m in again] == [m["content"] for m in first]


async def test_what_is_for_one_alone_stays_so_in_the_next_turn(
    resources: Resources, make_user: MakeUser, fake: FakeModel
) -> None:
    talk = Talk(resources, (await make_user("ada")).id)
    async with rich_worker(resources):
        rows = await talk.say("!tool whisper {} !then !say Done.")
        await talk.say("!say Again.")
    (step,) = tool_steps(rows)
    assert "secret of the user" in step.output
    assert "hint of the model" not in step.output
    everything = str([asked.body for asked in fake.chats])
    assert "secret of the user" not in everything
    assert "hint of the model" in str(told(fake))


async def test_a_model_reads_on_in_what_was_too_long(
    resources: Resources, make_user: MakeUser, fake: FakeModel
) -> None:
    talk = Talk(resources, (await make_user("ada")).id)
    async with rich_worker(resources):
        rows = await talk.say('!tool lengthy {"characters": 100000} !then !say Long.')
        (step,) = tool_steps(rows)
        assert len(step.output) < 4000
        (file,) = step.details["files"]
        read = f'{{"file": "{file["id"]}", "offset": 45000, "length": 10000}}'
        rows = await talk.say(f"!tool read_result {read} !then !say Found.")
    assert "needle in the middle" in tool_steps(rows)[-1].output
    assert "needle in the middle" in str(told(fake))
