"""`./keiko bench`: runs the systems side by side and prints the table."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
import psutil

from app.core import clock
from tests.bench import audit, background, edge, sign_ins, tools, widget
from tests.bench.figures import Baseline, Row, baseline, make_row, typical
from tests.bench.meter import Figures, busy_seconds
from tests.bench.profiler import profiled
from tests.bench.report import Bench, Machine, markdown
from tests.bench.run import PROMPT, make_plan, measure
from tests.bench.servers import Pace, Server, chainlit, keiko, pids, upstream
from tests.bench.stream import Reader

SYSTEMS = ("upstream", "chainlit", "keiko")
KINDS = ("web", "worker", "consumer")
_ROUNDS_ALONE = 5
_IDLE_SECONDS = 5.0
_ANSWER_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """What was asked for on the command line."""

    users: tuple[int, ...]
    systems: tuple[str, ...]
    pace: Pace
    repeat: int
    limit: float
    profile: str | None
    out: Path | None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _systems(text: str) -> tuple[str, ...]:
    chosen = text.split(",")
    if unknown := set(chosen) - set(SYSTEMS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {SYSTEMS}")
    return tuple(system for system in SYSTEMS if system in chosen)


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./keiko bench", description=__doc__)
    parser.add_argument("--users", type=_numbers, default=(1, 10, 100, 300, 1000))
    parser.add_argument("--systems", type=_systems, default=SYSTEMS)
    parser.add_argument("--tokens", type=int, default=200, help="words in each answer")
    parser.add_argument("--rate", type=float, default=30.0, help="tokens per second")
    parser.add_argument("--first-token-ms", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=1, help="runs per row; medians are shown")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds that a run may take")
    parser.add_argument(
        "--profile", choices=("web", "worker", "consumer"), help="sample Keiko with py-spy"
    )
    parser.add_argument("--out", type=Path, help="write the report here, and .json beside it")
    given = parser.parse_args(arguments)
    pace = Pace(
        first_token_ms=given.first_token_ms,
        tokens_per_second=given.rate,
        tokens=given.tokens,
    )
    return Options(
        users=given.users,
        systems=given.systems,
        pace=pace,
        repeat=given.repeat,
        limit=given.limit,
        profile=given.profile,
        out=given.out,
    )


def _say(text: str) -> None:
    click.echo(text, err=True)


class Session:
    """One call of the bench: the upstream that runs all along, and what was found so far."""

    def __init__(self, options: Options, folder: Path, model: Server, expected: str) -> None:
        self.options = options
        self.folder = folder
        self.model = model
        self.expected = expected
        self.runs: list[Row] = []
        self.starts: list[float] = []
        self.idle_mb: Figures = {}
        self.together_mb: float | None = None

    async def prepare(self) -> None:
        """Start Keiko once on its empty folder, so that every counted start is a warm one."""
        if "keiko" in self.options.systems:
            async with keiko(self.folder, self.model) as server:
                _say(f"keiko: first start on an empty folder took {server.start_seconds:.1f} s")

    async def compare(self, users: int) -> list[Row]:
        """All systems with that many users, one after the other, as often as asked."""
        rows: dict[str, list[Row]] = {}
        for _ in range(self.options.repeat):
            base = None
            for system in SYSTEMS:
                if system == "upstream" or system in self.options.systems:
                    row, base = await self._run(system, users, base)
                    rows.setdefault(system, []).append(row)
                    self.runs.append(row)
        return [typical(repeats) for repeats in rows.values()]

    async def _run(self, system: str, users: int, base: Baseline | None) -> tuple[Row, Baseline]:
        async with self._server(system) as server:
            if system != "upstream":
                await self._warm(server)
            plan = make_plan(
                server,
                expected=self.expected,
                users=users,
                rounds=_ROUNDS_ALONE if users == 1 else 1,
                limit=self.options.limit,
            )
            profile = self._profile(system, users)
            answers, cost = await measure(server, self.model, plan, profile)
        base = base or baseline(answers)
        row = make_row(system, users, answers, base, cost)
        _say(_one_line(row))
        return row, base

    async def _warm(self, server: Server) -> None:
        """One answer that does not count: it loads what is loaded on first use."""
        if server.name == "keiko":
            self.starts.append(server.start_seconds)
            await asyncio.sleep(_IDLE_SECONDS)
            self.idle_mb = self.idle_mb or server.meter.memory()
            self.together_mb = self.together_mb or server.meter.together()
        plan = make_plan(server, expected=self.expected, users=1, rounds=1, limit=60)
        await measure(server, self.model, plan)

    def _server(self, system: str) -> AbstractAsyncContextManager[Server]:
        if system == "upstream":
            return nullcontext(self.model)
        return (chainlit if system == "chainlit" else keiko)(self.folder, self.model)

    def _profile(self, system: str, users: int) -> AbstractAsyncContextManager[None]:
        kind = self.options.profile
        if system != "keiko" or kind is None:
            return nullcontext()
        output = self.profile_file(users)
        return profiled(pids(self.folder / "keiko"), kind, output)

    def profile_file(self, users: int) -> Path:
        """Where the stacks of that row go: beside the report, or into the working folder."""
        beside = self.options.out.parent if self.options.out else Path.cwd()
        return beside / f"bench-{self.options.profile}-{users}.stacks"


def _one_line(row: Row) -> str:
    added = "-" if row.added_p95 is None else f"{row.added_p50:.0f}/{row.added_p95:.0f} ms"
    ratio = "-" if row.ratio_p95 is None else f"{row.ratio_p50:.2f}/{row.ratio_p95:.2f}"
    cpu = "-" if row.cpu_per_1k is None else f"{row.cpu_per_1k:.3f}"
    return (
        f"{row.users:>5} {row.system:<9} failed {row.failed} lost {row.lost} healed {row.healed}, "
        f"added {added}, ratio {ratio}, CPU {cpu} s/1k, load generator {row.cost.load_cores:.2f}, "
        f"upstream {row.cost.upstream_cores:.2f}, other {row.cost.other_cores:.2f} cores"
    )


async def _machine() -> Machine:
    busy = busy_seconds()
    began = time.monotonic()
    await asyncio.sleep(2)
    return Machine(
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        load=os.getloadavg()[0],
        busy_before=(busy_seconds() - busy) / (time.monotonic() - began),
        memory_gb=psutil.virtual_memory().total / 1e9,
    )


async def _text_of(model: Server) -> str:
    """The answer that every client must get, word for word: what the upstream says itself."""
    reader = Reader(model.url, key=model.key, model=model.model, expected=None)
    try:
        answer = await asyncio.wait_for(reader.ask(PROMPT), _ANSWER_SECONDS)
    except TimeoutError:
        raise RuntimeError("The upstream does not answer.") from None
    if answer.reason is not None:
        raise RuntimeError(f"The upstream does not answer: {answer.reason}")
    return reader.text


async def bench(options: Options, folder: Path) -> Bench:
    """Everything that was asked for, in order."""
    machine, at = await _machine(), clock.now()
    async with upstream(folder, options.pace) as model:
        session = Session(options, folder, model, await _text_of(model))
        await session.prepare()
        rows = [row for users in options.users for row in await session.compare(users)]
    return Bench(
        at=at,
        machine=machine,
        tokens=options.pace.tokens,
        rate=options.pace.tokens_per_second,
        first_token_ms=options.pace.first_token_ms,
        repeats=options.repeat,
        rows=rows,
        runs=session.runs,
        idle_mb=session.idle_mb,
        together_mb=session.together_mb,
        start_seconds=sorted(session.starts)[len(session.starts) // 2] if session.starts else None,
    )


async def _until_stopped(options: Options, folder: Path) -> Bench:
    """Run; SIGTERM stops everything that was started, as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await bench(options, folder)


def _write(found: Bench, out: Path | None) -> None:
    text = markdown(found)
    click.echo(text)
    if out is not None:
        out.write_text(text)
        out.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(found)))


def main() -> int:
    """The command; 130 after Ctrl-C, 1 where something could not be started."""
    parts = {
        "background": background.main,
        "sign_ins": sign_ins.main,
        "tools": tools.main,
        "audit": audit.main,
        "edge": edge.main,
        "widget": widget.main,
    }
    for name, other in parts.items():
        if sys.argv[1:2] == [name]:
            return other(sys.argv[2:])
    options = parse(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="keiko-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # the built-in servers may run as another user
        try:
            _write(asyncio.run(_until_stopped(options, folder)), options.out)
        except (KeyboardInterrupt, asyncio.CancelledError):
            _say("stopped")
            return 130
        except RuntimeError as error:
            _say(str(error))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
