"""The live stream: every watcher sees the same, whatever was lost on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from app.core.bus import Bus
from app.core.redis import LIVE, parts_key
from app.core.resources import Resources
from app.tasks.live import Hub, Live, Watch
from app.tasks.parts import AnyPart, Ended, LiveState, ToolFinished, ToolStarted


def ignore(_part: AnyPart, _state: LiveState) -> None:
    """A listener that only wants the state."""


@asynccontextmanager
async def stage(
    resources: Resources, deaf: asyncio.Event | None = None
) -> AsyncIterator[tuple[Hub, Live]]:
    """A writer and a reader; while `deaf` is set the reader misses what is published."""
    hub, live, bus = Hub(resources.redis), Live(resources.redis), Bus(resources.redis)
    bus.subscribe(LIVE, lambda data: None if deaf and deaf.is_set() else live.heard(data))
    bus.on_gap(live.lost)
    tasks = [asyncio.create_task(hub.run()), asyncio.create_task(bus.run())]
    await asyncio.sleep(0.1)
    yield hub, live
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(watch: Watch, text: str) -> None:
    async with asyncio.timeout(30):
        while watch.state.text != text:
            await asyncio.sleep(0.01)


async def test_a_watcher_from_the_start_and_a_late_one_see_the_same(resources: Resources) -> None:
    task_id = uuid4()
    async with stage(resources) as (hub, live):
        early = await live.watch(task_id, ignore)
        hub.begin(task_id, 1, 1)
        for word in ("one ", "two "):
            hub.text(task_id, word)
            await asyncio.sleep(0.05)
        hub.say(task_id, ToolStarted("t", "clock", "{}"))
        hub.say(task_id, ToolFinished("t", "noon", False))
        late = await live.watch(task_id, ignore)
        hub.text(task_id, "three")
        await until(early, "one two three")
        await until(late, "one two three")
        assert early.state == late.state
        hub.say(task_id, Ended("completed"))
        await asyncio.sleep(0.1)
        assert early.state.ended == late.state.ended == "completed"


async def test_messages_lost_by_pub_sub_are_read_from_the_stream(resources: Resources) -> None:
    task_id, deaf = uuid4(), asyncio.Event()
    async with stage(resources, deaf) as (hub, live):
        watch = await live.watch(task_id, ignore)
        hub.begin(task_id, 1, 1)
        await asyncio.sleep(0.05)
        deaf.set()
        for _ in range(3):
            hub.text(task_id, "lost ")
            await asyncio.sleep(0.05)
        deaf.clear()
        hub.text(task_id, "found")
        await until(watch, "lost lost lost found")


async def test_a_second_run_begins_anew_and_the_first_is_not_heard_any_more(
    resources: Resources,
) -> None:
    task_id = uuid4()
    async with stage(resources) as (hub, live):
        watch = await live.watch(task_id, ignore)
        hub.begin(task_id, 1, 1)
        hub.text(task_id, "half an ans")
        await until(watch, "half an ans")
        other = Hub(resources.redis)
        other.begin(task_id, 2, 2)
        other.text(task_id, "whole")
        await other.flush()
        hub.text(task_id, "wer")
        await until(watch, "whole")
        await asyncio.sleep(0.1)
        assert watch.state.text == "whole"
        again = await live.watch(task_id, ignore)
        assert again.state.text == "whole"


async def test_a_flushed_stream_is_healed_by_a_snapshot(resources: Resources) -> None:
    task_id = uuid4()
    asked: list[bytes] = []
    async with stage(resources) as (hub, live):
        hub.begin(task_id, 1, 1)
        hub.text(task_id, "one ")
        await asyncio.sleep(0.1)
        await resources.redis.flushall()
        hub.text(task_id, "two ")
        await asyncio.sleep(0.1)
        async with resources.redis.pubsub(ignore_subscribe_messages=True) as hints:
            await hints.subscribe("hints")
            late = await live.watch(task_id, ignore)
            for _ in range(3):
                if message := await hints.get_message(timeout=0.5):
                    asked.append(message["data"])
        assert asked == [f"resend:{task_id}".encode()]
        hub.resend(task_id, "one two ")
        hub.text(task_id, "three")
        await until(late, "one two three")


async def test_the_stream_of_an_ended_task_is_kept_for_an_hour(resources: Resources) -> None:
    task_id = uuid4()
    async with stage(resources) as (hub, _live):
        hub.begin(task_id, 1, 1)
        hub.say(task_id, Ended("completed"))
        await asyncio.sleep(0.1)
    assert 3500 < await resources.redis.ttl(parts_key(task_id)) <= 3600
