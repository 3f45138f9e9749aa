"""Loops that outlive a moment without a server."""

import asyncio

import pytest
from redis.exceptions import ConnectionError

from app.core import loops
from app.core.cancel import end
from app.core.loops import keep_on


@pytest.mark.parametrize("error", [ConnectionError(), OSError(), ValueError("a bug")])
async def test_a_loop_goes_on_after_a_step_that_failed(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "AGAIN_SECONDS", 0.0)
    steps, enough = 0, asyncio.Event()

    async def step() -> float:
        nonlocal steps
        steps += 1
        if steps < 3:
            raise error
        enough.set()
        return 60.0

    loop = asyncio.create_task(keep_on("test", step))
    async with asyncio.timeout(30):
        await enough.wait()
    await asyncio.sleep(0.05)
    assert steps == 3  # it rests as long as the step asked for
    await end(loop)
    assert loop.cancelled()
