"""The bench as text for `docs/bench.md`, and as JSON for whoever compares two runs."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from tests.bench.figures import Row
from tests.bench.goals import Result, judge
from tests.bench.meter import Figures

_HEAD = (
    "users",
    "system",
    "failed / lost / healed",
    "accepted after p50 / p95 (ms)",
    "added first token p50 / p95 (ms)",
    "total ÷ upstream p50 / p95",
    "longest gap p95 (ms)",
    "CPU s per 1,000 tokens",
    "peak memory (MB)",
    "other load (cores)",
)
_KINDS = ("web", "worker", "consumer", "postgres", "valkey", "launcher and nurseries", "upstream")
_NOTES = """\
*failed*: an error, a refusal, a closed connection, or no end within the limit; times are those of
the other answers. *lost*: the text at the end is not the upstream's, word for word. *healed*: a
piece was missing on the way and the closing message brought it. *accepted*: the server says that
the message is stored. *added first token*: first text at the client minus sending, minus the
upstream's own median in the same minute. *CPU*: user and system time of all server processes,
children that have ended included. *other load*: cores busy on average with anything else than
servers, upstream and load generator. Clients offer no WebSocket compression."""


class Machine(msgspec.Struct, frozen=True):
    """Where the figures come from."""

    cores: int
    load: float
    busy_before: float
    memory_gb: float


class Bench(msgspec.Struct, kw_only=True):
    """Everything that one call of the bench found."""

    at: datetime
    machine: Machine
    tokens: int
    rate: float
    first_token_ms: int
    repeats: int
    rows: list[Row]
    runs: list[Row]
    idle_mb: Figures = {}
    together_mb: float | None = None
    start_seconds: float | None = None

    def results(self) -> list[Result]:
        """The goals beside what was measured."""
        idle = sum(self.idle_mb.get(kind, 0.0) for kind in ("web", "worker", "consumer"))
        return judge(self.rows, idle or None, self.start_seconds)


def markdown(bench: Bench) -> str:
    """The whole report."""
    machine = bench.machine
    words = (
        f"{bench.at:%Y-%m-%d %H:%M} UTC, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, {machine.cores} cores, {machine.memory_gb:.0f} GB; load "
        f"before the run {machine.load:.2f}, {machine.busy_before:.2f} cores busy with other work."
        f"\nEach answer {bench.tokens} tokens at {bench.rate:g} tokens/s, the first after "
        f"{bench.first_token_ms} ms; every row is the median of {bench.repeats} run(s)."
    )
    table = _table(_HEAD, (_cells(row) for row in bench.rows))
    parts = [words, table, _NOTES, _goals(bench), *_troubles(bench.rows)]
    return "\n\n".join(parts) + "\n"


def _cells(row: Row) -> Sequence[str]:
    return (
        f"{row.users:,}",
        row.system,
        f"{row.failed} / {row.lost} / {row.healed}",
        f"{_number(row.accepted_p50)} / {_number(row.accepted_p95)}",
        f"{_number(row.added_p50)} / {_number(row.added_p95)}",
        f"{_number(row.ratio_p50, 2)} / {_number(row.ratio_p95, 2)}",
        _number(row.gap_p95),
        f"{_number(row.cpu_per_1k, 3)}{_shares(row)}",
        _by_kind(row.cost.peaks, "{:.0f}"),
        f"{row.cost.other_cores:.2f}",
    )


def _shares(row: Row) -> str:
    """How the CPU time splits up, where more than one kind of process took part."""
    cpu = row.cost.cpu
    if row.cpu_per_1k is None or len(cpu) < 2:
        return ""
    scale = row.cpu_per_1k / max(sum(cpu.values()), 1e-9)
    return f" ({_by_kind({kind: spent * scale for kind, spent in cpu.items()}, '{:.3f}')})"


def _by_kind(figures: Mapping[str, float], form: str) -> str:
    order = [*_KINDS, *sorted(set(figures) - set(_KINDS))]
    return ", ".join(f"{kind} {form.format(figures[kind])}" for kind in order if kind in figures)


def _goals(bench: Bench) -> str:
    words = {True: "met", False: "**missed**", None: "–"}
    rows = [(r.what, f"≤ {r.most}", r.measured, words[r.reached]) for r in bench.results()]
    idle = f"\n\nIdle: {_by_kind(bench.idle_mb, '{:.0f}')} MB" if bench.idle_mb else ""
    if bench.together_mb:
        idle += f"; all together, shared pages counted once, {bench.together_mb:.0f} MB"
    return _table(("Keiko must reach", "goal", "measured", ""), rows) + idle


def _troubles(rows: Sequence[Row]) -> list[str]:
    lines = [
        f"* {row.system}, {row.users:,} users: {count} × {reason}"
        for row in rows
        for reason, count in row.reasons.items()
    ]
    lines += [
        f"* {row.system}, {row.users:,} users: the load generator sent {row.late_p95:.0f} ms late "
        f"(p95) and took {row.cost.load_cores:.2f} cores: it is part of what was measured."
        for row in rows
        if (row.late_p95 or 0.0) > 50 or row.cost.load_cores > 0.5
    ]
    return ["What went wrong:\n" + "\n".join(lines)] if lines else []


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"
