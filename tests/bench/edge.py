"""`./keiko bench edge`: what the check of a session and the count of a limit add to a request."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import click
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.resources import Resources, open_resources
from app.core.settings import Settings
from app.ui.cookies import PLAIN_NAME
from app.ui.gate import Gate
from app.ui.limits import Limits
from tests.bench.servers import Pace, keiko, upstream
from tests.generous import GENEROUS

_CALLS = 3000
_WARMING = 200
_GOAL = "≤ 1"

Note = Callable[[str, str, str], None]


async def _plain(scope: Scope, receive: Receive, send: Send) -> None:
    """What answers at once."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Message) -> None:
    if message["type"] == "http.response.start" and message["status"] != 200:
        raise RuntimeError(f"The request was refused ({message['status']}): nothing is measured.")


def _scope(state: dict[str, Any], *headers: tuple[bytes, bytes]) -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/me",
        "raw_path": b"/api/v1/me",
        "query_string": b"",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "state": dict(state),
    }


async def _side_by_side(
    with_it: Callable[[], Awaitable[None]], without: Callable[[], Awaitable[None]]
) -> tuple[float, float]:
    """The median of each in milliseconds, asked in turns."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(_CALLS + _WARMING):
        for times, ask in zip(found, (with_it, without), strict=True):
            began = time.perf_counter()
            await ask()
            if number >= _WARMING:
                times.append((time.perf_counter() - began) * 1000)
    return median(found[0]), median(found[1])


def _asking(app: ASGIApp, state: dict[str, Any], *headers: tuple[bytes, bytes]) -> Any:
    async def ask() -> None:
        await app(_scope(state, *headers), _receive, _send)

    return ask


async def _measure(resources: Resources, cookie: str, note: Note) -> None:
    token = next(part for part in cookie.split("; ") if part.startswith(PLAIN_NAME))
    gate, known = Gate(_plain), (b"cookie", token.encode())
    state: dict[str, Any] = {"resources": resources}
    checked, passed = await _side_by_side(_asking(gate, state, known), _asking(gate, state))
    note(
        "the check of a session adds to a request (ms), p50",
        _GOAL,
        f"{checked - passed:.2f} ({checked:.2f} against {passed:.2f})",
    )
    state["signed_in"] = None
    counted, free = await _side_by_side(_asking(Limits(_plain), state), _asking(_plain, state))
    note(
        "the count of a limit adds to a request (ms), p50",
        _GOAL,
        f"{counted - free:.2f} ({counted:.2f} against {free:.2f})",
    )


async def _run(folder: Path, note: Note) -> None:
    pace = Pace(first_token_ms=300, tokens_per_second=200, tokens=20)
    async with upstream(folder, pace) as model, keiko(folder, model) as server:
        state = json.loads((folder / "keiko" / "run" / "servers.json").read_text())
        settings = Settings(
            _env_file=None,
            database_url=state["urls"]["postgres"],
            redis_url=state["urls"]["valkey"],
            data=folder / "keiko",
            rate_limits=GENEROUS,
        )
        async with open_resources(settings, pool_size=2) as resources:
            await _measure(resources, server.accounts[0].cookie, note)


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="./keiko bench edge", description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    lines = ["| Keiko must reach | goal | measured |", "| --- | --- | --- |"]

    def note(what: str, goal: str, measured: str) -> None:
        lines.append(f"| {what} | {goal} | {measured} |")
        click.echo(f"{what}: {measured} (goal {goal})", err=True)

    with tempfile.TemporaryDirectory(prefix="keiko-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        asyncio.run(_run(folder, note))
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if options.out:
        options.out.write_text(text)
    return 0
