"""The load generator's own process: `python -m tests.bench.load`, a plan in, answers out.

Line by line over the pipes: the plan as JSON; `Ready` comes back once every page is open; the
word `go`; `Done` comes back at the end. The end of standard input ends the process.
"""

import asyncio
import sys
import time
from typing import Literal

import click
import msgspec
import uvloop

from tests.bench.answers import Answer
from tests.bench.page import Page
from tests.bench.stream import Reader

_OPENING_AT_ONCE = 20


class Account(msgspec.Struct, frozen=True):
    """Whom a page belongs to: the author of its messages and the cookie it sends."""

    author: str
    cookie: str = ""


class Plan(msgspec.Struct, kw_only=True):
    """Who asks what, how often and how fast; times in seconds."""

    kind: Literal["upstream", "chat"]
    url: str
    prompt: str
    expected: str
    users: int
    rounds: int
    spread: float
    limit: float
    accounts: tuple[Account, ...] = (Account("user"),)
    key: str = "bench"
    model: str = "bench"


class Ready(msgspec.Struct, kw_only=True):
    """All pages were tried; `refused` of them could not be opened."""

    refused: int
    reason: str | None = None


class Done(msgspec.Struct, kw_only=True):
    """Every answer, and what making the load cost (CPU seconds)."""

    answers: list[Answer]
    seconds: float
    cpu: float


User = Page | Reader


def _users(plan: Plan) -> list[User]:
    if plan.kind == "upstream":
        reader = [
            Reader(plan.url, key=plan.key, model=plan.model, expected=plan.expected)
            for _ in range(plan.users)
        ]
        return list(reader)
    accounts = [plan.accounts[n % len(plan.accounts)] for n in range(plan.users)]
    return [
        Page(plan.url, author=a.author, cookie=a.cookie, expected=plan.expected) for a in accounts
    ]


async def _open_all(users: list[User], limit: float) -> Ready:
    """Open every page, a few at a time; one that is refused answers with its reason later."""
    gate = asyncio.Semaphore(_OPENING_AT_ONCE)
    reasons: list[str] = []

    async def open_one(user: User) -> None:
        async with gate:
            try:
                await asyncio.wait_for(user.open(), limit)
            except (ConnectionError, TimeoutError) as error:
                user.closed_because = f"page did not open: {error!r}"
                reasons.append(user.closed_because)

    await asyncio.gather(*(open_one(user) for user in users))
    return Ready(refused=len(reasons), reason=reasons[0] if reasons else None)


async def _converse(user: User, plan: Plan, start_at: float) -> list[Answer]:
    """One user: wait for the planned moment, then ask one question after the other."""
    await asyncio.sleep(max(0.0, start_at - time.perf_counter()))
    late = max(0.0, time.perf_counter() - start_at)
    answers = [await user.ask(plan.prompt, late=late)]
    for _ in range(plan.rounds - 1):
        answers.append(await user.ask(plan.prompt))
    return answers


async def run(plan: Plan, users: list[User]) -> Done:
    """Send everything as planned; what has no end after `plan.limit` seconds has failed."""
    began, cpu = time.perf_counter(), time.process_time()
    step = plan.spread / max(1, plan.users)
    talks = [
        asyncio.create_task(_converse(user, plan, began + n * step)) for n, user in enumerate(users)
    ]
    _, unfinished = await asyncio.wait(talks, timeout=plan.limit)
    while unfinished:
        for user in users:
            user.give_up(f"no end within {plan.limit:.0f} s")
        _, unfinished = await asyncio.wait(unfinished, timeout=0.5)
    return Done(
        answers=[answer for talk in talks for answer in talk.result()],
        seconds=time.perf_counter() - began,
        cpu=time.process_time() - cpu,
    )


async def open_users(plan: Plan) -> tuple[list[User], Ready]:
    """All users of the plan with their pages open."""
    users = _users(plan)
    return users, await _open_all(users, min(60.0, plan.limit))


async def _main() -> None:
    loop = asyncio.get_running_loop()
    plan = msgspec.json.decode(sys.stdin.readline(), type=Plan)
    users, ready = await open_users(plan)
    _say(ready)
    if await loop.run_in_executor(None, sys.stdin.readline):
        _say(await run(plan, users))
    for user in users:
        user.close()


def _say(line: Ready | Done) -> None:
    click.echo(msgspec.json.encode(line))


if __name__ == "__main__":
    uvloop.run(_main())
