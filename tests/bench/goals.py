"""What Keiko must reach on the bench, and whether it did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.figures import Row


@dataclass(frozen=True)
class Goal:
    """One promise: a figure of Keiko's row at `users` that must not exceed `most`."""

    users: int
    what: str
    most: float
    read: Callable[[Row], float | None]


@dataclass(frozen=True)
class Result:
    """A promise beside what was measured; `reached` is None where nothing was."""

    what: str
    most: str
    measured: str
    reached: bool | None


def _trouble(row: Row) -> float:
    return row.failed + row.lost


GOALS = (
    Goal(1, "added time to first token, p50 (ms)", 40, lambda row: row.added_p50),
    Goal(100, "failed or lost", 0, _trouble),
    Goal(100, "added time to first token, p95 (ms)", 200, lambda row: row.added_p95),
    Goal(100, "total ÷ upstream, p95", 1.1, lambda row: row.ratio_p95),
    Goal(100, "CPU s per 1,000 tokens", 0.25, lambda row: row.cpu_per_1k),
    Goal(300, "failed or lost", 0, _trouble),
    Goal(300, "total ÷ upstream, p95", 1.25, lambda row: row.ratio_p95),
    Goal(1000, "failed or lost", 0, _trouble),
    Goal(1000, "total ÷ upstream, p95", 2, lambda row: row.ratio_p95),
)
_IDLE_MB = 600.0
_START_SECONDS = 10.0


def judge(rows: Sequence[Row], idle_mb: float | None, start: float | None) -> list[Result]:
    """Every promise in order."""
    keiko = {row.users: row for row in rows if row.system == "keiko"}
    results = []
    for goal in GOALS:
        row = keiko.get(goal.users)
        results.append(
            _result(
                f"{goal.users:,} users: {goal.what}", goal.most, goal.read(row) if row else None
            )
        )
    results.append(_result("idle memory of web, worker, consumer (MB)", _IDLE_MB, idle_mb))
    results.append(_result("warm `./keiko up` to the first page (s)", _START_SECONDS, start))
    return results


def _result(what: str, most: float, measured: float | None) -> Result:
    if measured is None:
        return Result(what, f"{most:g}", "not measured", None)
    shown = f"{measured:,.0f}" if measured >= 100 else f"{measured:.3g}"
    return Result(what, f"{most:g}", shown, measured <= most)
