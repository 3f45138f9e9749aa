"""`./keiko bench tools`: what a pooled call adds, what many tools cost, and many calls at once."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import aiohttp
import click

from app.core.clock import new_id
from app.core.settings import Settings, ToolServerSettings, python
from app.mcp.models import Transport
from app.mcp.sessions import ToolServers
from app.mcp.spec import ServerSpec
from tests.bench.answers import Verdict
from tests.bench.raw import Call, raw_http, raw_stdio
from tests.bench.run import make_plan, measure
from tests.bench.servers import Pace, Server, free_port, keiko, process, upstream
from tools.server import build_server

_MODULE = ("-m", "tests.bench.many_tools")
_CALLS = 400
_AT_ONCE = 50
_REST_SECONDS = 0.2
_TOOLS = 200
_WARMING, _ROUNDS = 3, 15
_TURNS = 3

Note = Callable[[str, str, str], None]


@asynccontextmanager
async def _opened(spec: ServerSpec) -> AsyncIterator[ToolServers]:
    """A worker's sessions, with this server ready."""
    settings = Settings(_env_file=None, outbound_private=["127.0.0.1"])
    servers = ToolServers(settings, built_in=build_server())
    servers.follow([spec])
    await servers.start()
    try:
        async with asyncio.timeout(60):
            while servers.find_tool("answer") is None:
                await asyncio.sleep(0.02)
        yield servers
    finally:
        await servers.stop()


@asynccontextmanager
async def _over_http(folder: Path) -> AsyncIterator[str]:
    port = free_port()
    log = folder / "many.log"
    async with process(python(), *_MODULE, "2", str(port), log=log) as child:
        async with asyncio.timeout(60):
            while not await _listens(port):
                assert child.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _milliseconds(call: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await call()
    return (time.perf_counter() - began) * 1000


async def _pooled(name: str, spec: ServerSpec, raw: Call, note: Note) -> None:
    """Keiko's calls and raw ones to a server of the same kind, in turns."""
    ours, bare = [], []
    async with _opened(spec) as servers:
        for number in range(_CALLS + 20):
            said = {"text": f"number {number}"}
            one = await _milliseconds(lambda said=said: raw("answer", said))  # type: ignore[misc]
            other = await _milliseconds(
                lambda said=said: servers.call("answer", said, timeout=30)  # type: ignore[misc]
            )
            if number >= 20:
                bare.append(one)
                ours.append(other)
        note(
            f"a pooled call over {name} adds to the server's own time (ms), p50",
            "≤ 5",
            f"{median(ours) - median(bare):.1f} ({median(ours):.1f} against {median(bare):.1f})",
        )
        await _at_once(name, servers, note)


async def _at_once(name: str, servers: ToolServers, note: Note) -> None:
    rest = {"seconds": _REST_SECONDS}
    began = time.perf_counter()
    outcomes = await asyncio.gather(
        *(servers.call("rest", rest, timeout=30) for _ in range(_AT_ONCE))
    )
    seconds = time.perf_counter() - began
    good = sum(not outcome.failed for outcome in outcomes)
    note(
        f"{_AT_ONCE} calls at once over {name}, each of {_REST_SECONDS * 1000:.0f} ms",
        f"all {_AT_ONCE}",
        f"{good} in {seconds * 1000:.0f} ms",
    )


async def calls(note: Note, folder: Path) -> None:
    """Pooled calls over stdio and over HTTP."""
    stdio = ServerSpec(id=new_id(), name="many", command=python(), args=(*_MODULE, "2"))
    async with raw_stdio(python(), *_MODULE, "2") as raw:
        await _pooled("stdio", stdio, raw, note)
    async with _over_http(folder) as url, raw_http(url) as raw:
        over = Transport.STREAMABLE_HTTP
        await _pooled(
            "HTTP", ServerSpec(id=new_id(), name="many", url=url, transport=over), raw, note
        )


async def first_token(note: Note, folder: Path) -> None:
    """The first token of one user, without and with many tools, in turns."""
    many = ToolServerSettings(name="many", command=python(), args=[*_MODULE, str(_TOOLS)])
    servers = json.dumps([many.model_dump(mode="json")])
    found: dict[bool, list[float]] = {False: [], True: []}
    pace = Pace(first_token_ms=300, tokens_per_second=200, tokens=20)
    async with upstream(folder, pace) as model:
        for _ in range(_TURNS):
            for has_many in (False, True):
                more = {"KEIKO_TOOL_SERVERS": servers} if has_many else {}
                async with keiko(folder, model, **more) as server:
                    found[has_many] += await _first_tokens(server, model)
                if has_many and await _tools_told(model) < _TOOLS:
                    raise RuntimeError("The model was not told of all tools: nothing is measured.")
    without, with_many = median(found[False]), median(found[True])
    note(
        f"{_TOOLS} tools registered slow the first token by (ms), p50",
        "≤ 10",
        f"{with_many - without:.1f} ({with_many:.1f} against {without:.1f})",
    )


async def _tools_told(model: Server) -> int:
    """How many tools the latest request to the model named."""
    async with aiohttp.ClientSession() as http, http.get(f"{model.url[:-3]}/log") as answer:
        asked = [each["body"] for each in await answer.json() if "completions" in each["path"]]
    return len(asked[-1].get("tools", []))


async def _first_tokens(server: Server, model: Server) -> list[float]:
    await asyncio.sleep(5)
    times: list[float | None] = []
    for rounds in (_WARMING, _ROUNDS):
        plan = make_plan(server, expected="", users=1, rounds=rounds, limit=120)
        found, _ = await measure(server, model, plan)
        times = [each.first for each in found if each.verdict is not Verdict.FAILED]
    return [1000 * seconds for seconds in times if seconds is not None]


PARTS: dict[str, Callable[[Note, Path], Awaitable[None]]] = {
    "calls": calls,
    "first_token": first_token,
}


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="./keiko bench tools", description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="which of " + ", ".join(PARTS))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    lines = ["| Keiko must reach | goal | measured |", "| --- | --- | --- |"]

    def note(what: str, goal: str, measured: str) -> None:
        lines.append(f"| {what} | {goal} | {measured} |")
        click.echo(f"{what}: {measured} (goal {goal})", err=True)

    async def run(folder: Path) -> None:
        for part in options.parts.split(","):
            await PARTS[part](note, folder)

    with tempfile.TemporaryDirectory(prefix="keiko-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        asyncio.run(run(folder))
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if options.out:
        options.out.write_text(text)
    return 0
