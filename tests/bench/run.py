"""One run of one system: pages opened, everything sent, and what it cost meanwhile."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TypeVar

import msgspec

from app.core.children import die_with_parent
from app.core.settings import child_environment, python
from tests.bench.answers import Answer
from tests.bench.figures import Cost
from tests.bench.load import Done, Plan, Ready
from tests.bench.meter import Figures, busy_seconds
from tests.bench.servers import ROOT, Server

PROMPT = "Please tell me about the sea."
_CALM_SECONDS = 1.0
_OPEN_SECONDS = 120.0
_MOST_BYTES = 64 * 2**20

Line = TypeVar("Line", Ready, Done)


@asynccontextmanager
async def _generator(plan: Plan) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        python(),
        "-m",
        "tests.bench.load",
        cwd=ROOT,
        env=child_environment(PYTHONPATH=str(ROOT)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),
        limit=_MOST_BYTES,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def _hear(child: asyncio.subprocess.Process, kind: type[Line], seconds: float) -> Line:
    assert child.stdout is not None
    try:
        line = await asyncio.wait_for(child.stdout.readline(), seconds)
    except TimeoutError:
        raise RuntimeError("The load generator does not come to an end.") from None
    if not line:
        raise RuntimeError("The load generator ended without a word.")
    return msgspec.json.decode(line, type=kind)


def _tell(child: asyncio.subprocess.Process, line: bytes) -> None:
    assert child.stdin is not None
    child.stdin.write(line + b"\n")


def make_plan(server: Server, *, expected: str, users: int, rounds: int, limit: float) -> Plan:
    """The same load for every system; starts are spread over 2 s, above 300 users over 6 s."""
    return Plan(
        kind="upstream" if server.name == "upstream" else "chat",
        url=server.url,
        prompt=PROMPT,
        expected=expected,
        users=users,
        rounds=rounds,
        spread=2.0 if users <= 300 else 6.0,
        limit=limit,
        accounts=server.accounts,
        key=server.key,
        model=server.model,
    )


async def measure(
    server: Server,
    model: Server,
    plan: Plan,
    beside: AbstractAsyncContextManager[None] | None = None,
) -> tuple[list[Answer], Cost]:
    """Carry out the plan, with `beside` around it once all pages are open.

    The cost is counted from the first message to a second after the last answer's end.
    """
    async with _generator(plan) as child:
        _tell(child, msgspec.json.encode(plan))
        await _hear(child, Ready, _OPEN_SECONDS + plan.users * 0.05)
        await asyncio.sleep(_CALM_SECONDS)
        async with server.meter.watching(), beside or nullcontext():
            before, model_before = server.meter.cpu(), model.meter.cpu()
            busy, began = busy_seconds(), time.monotonic()
            _tell(child, b"go")
            done = await _hear(child, Done, plan.limit + 60)
            await asyncio.sleep(_CALM_SECONDS)
            cpu = _difference(server.meter.cpu(), before)
            model_cpu = sum(_difference(model.meter.cpu(), model_before).values())
            seconds, busy = time.monotonic() - began, busy_seconds() - busy
    ours = done.cpu + model_cpu + (0.0 if server is model else sum(cpu.values()))
    return done.answers, Cost(
        cpu=cpu,
        peaks=server.meter.peaks,
        load_cores=done.cpu / seconds,
        upstream_cores=model_cpu / seconds,
        other_cores=max(0.0, busy - ours) / seconds,
    )


def _difference(after: Figures, before: Figures) -> Figures:
    return {name: value - before.get(name, 0.0) for name, value in after.items()}
