"""`./keiko bench sign_ins`: fifty people sign in at once, and the chat goes on meanwhile."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median, quantiles

import aiohttp
import click

from tests.bench.answers import Verdict
from tests.bench.run import make_plan, measure
from tests.bench.servers import OWNER, PASSWORD, Pace, Server, keiko, upstream

_AT_ONCE = 50
_ROUNDS = 12
_PROBE_EVERY = 0.02
_CREDENTIALS = {"username": OWNER, "password": PASSWORD}


class _Load:
    """Bursts of sign-ins, one after the other, and how long each sign-in took (ms)."""

    def __init__(self, url: str, credentials: dict[str, str]) -> None:
        self._url = url
        self._credentials = credentials
        self.took: list[float] = []
        self.refused = 0

    async def burst(self) -> None:
        """As many as are to sign in at once, each from a browser of its own."""
        await asyncio.gather(*(self._one() for _ in range(_AT_ONCE)))

    async def _one(self) -> None:
        began = time.perf_counter()
        jar = aiohttp.DummyCookieJar()
        headers = {"Origin": self._url}
        async with (
            aiohttp.ClientSession(self._url, cookie_jar=jar, headers=headers) as http,
            http.post("/auth/login", json=self._credentials) as answer,
        ):
            await answer.read()
            self.refused += answer.status != 200
        self.took.append((time.perf_counter() - began) * 1000)


@asynccontextmanager
async def _probed(server: Server, found: list[float]) -> AsyncIterator[None]:
    """How long a signed-in page waits for a small answer, all along (ms)."""
    headers = {"Cookie": server.accounts[0].cookie}

    async def probe() -> None:
        async with aiohttp.ClientSession(server.url, headers=headers) as http:
            while True:
                began = time.perf_counter()
                async with http.get("/api/v1/me") as answer:
                    await answer.read()
                    answer.raise_for_status()
                found.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(_PROBE_EVERY)

    task = asyncio.create_task(probe())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _first_tokens(server: Server, model: Server) -> list[float]:
    plan = make_plan(server, expected="", users=1, rounds=_ROUNDS, limit=120)
    found, _ = await measure(server, model, plan)
    return [
        1000 * each.first
        for each in found
        if each.verdict is not Verdict.FAILED and each.first is not None
    ]


def _two(values: list[float]) -> str:
    return f"{median(values):.0f} / {quantiles(values, n=20)[-1]:.0f}"


async def run(folder: Path) -> list[tuple[str, str, str]]:
    """The figures: what, the goal, what was measured."""
    pace = Pace(first_token_ms=300, tokens_per_second=200, tokens=20)
    alone: list[float] = []
    meanwhile: list[float] = []
    async with upstream(folder, pace) as model, keiko(folder, model) as server:
        load = _Load(server.url, _CREDENTIALS)
        await _first_tokens(server, model)
        async with _probed(server, alone):
            quiet = await _first_tokens(server, model)
        chat = asyncio.create_task(_first_tokens(server, model))
        async with _probed(server, meanwhile):
            while not chat.done():
                await load.burst()
        busy = await chat
    if load.refused:
        raise RuntimeError(f"{load.refused} sign-ins were refused: nothing is measured.")
    return [
        (f"{_AT_ONCE} sign-ins at once, each (ms), p50 / p95", "–", _two(load.took)),
        (
            "first token of a chat meanwhile (ms), p50 / p95",
            "no stall: ≤ 250 more",
            f"{_two(busy)} ({_two(quiet)} alone)",
        ),
        (
            "a small answer to a signed-in page meanwhile (ms), p50 / p95",
            "≤ 100 at p95",
            f"{_two(meanwhile)} ({_two(alone)} alone)",
        ),
    ]


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="./keiko bench sign_ins", description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="keiko-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        found = asyncio.run(run(folder))
    lines = ["| Keiko must reach | goal | measured |", "| --- | --- | --- |"]
    for what, goal, measured in found:
        lines.append(f"| {what} | {goal} | {measured} |")
        click.echo(f"{what}: {measured} (goal {goal})", err=True)
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if options.out:
        options.out.write_text(text)
    return 0
