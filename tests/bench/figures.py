"""From single answers to one row of the table."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median

import msgspec

from tests.bench.answers import Answer, Verdict
from tests.bench.meter import Figures


class Baseline(msgspec.Struct, frozen=True):
    """The upstream's own times in the same minute, in seconds."""

    first: float
    total: float


class Cost(msgspec.Struct, kw_only=True):
    """What one run took from the machine: CPU seconds, MB, and cores on average."""

    cpu: Figures
    peaks: Figures
    load_cores: float = 0.0
    upstream_cores: float = 0.0
    other_cores: float = 0.0


class Row(msgspec.Struct, kw_only=True):
    """One system at one number of users; times in milliseconds, CPU in seconds, memory in MB.

    Times are those of answers that came to an end; `failed` says how many did not.
    """

    system: str
    users: int
    answers: int
    failed: int
    lost: int
    healed: int
    accepted_p50: float | None
    accepted_p95: float | None
    added_p50: float | None
    added_p95: float | None
    ratio_p50: float | None
    ratio_p95: float | None
    gap_p95: float | None
    late_p95: float | None
    cpu_per_1k: float | None
    cost: Cost
    reasons: dict[str, int] = {}


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that `share` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def baseline(answers: Sequence[Answer]) -> Baseline:
    """The upstream's median times; ValueError if it did not answer at all."""
    ended = [a for a in answers if a.first is not None and a.total is not None]
    if not ended:
        raise ValueError("The upstream itself gave no answer: nothing can be compared.")
    return Baseline(median(a.first or 0.0 for a in ended), median(a.total or 0.0 for a in ended))


def make_row(system: str, users: int, answers: Sequence[Answer], base: Baseline, cost: Cost) -> Row:
    """All figures of one run."""
    verdicts = Counter(answer.verdict for answer in answers)
    ended = [answer for answer in answers if answer.verdict is not Verdict.FAILED]
    accepted = [1000 * answer.accepted for answer in ended if answer.accepted is not None]
    added = [1000 * (a.first - base.first) for a in ended if a.first is not None]
    ratios = [a.total / base.total for a in ended if a.total is not None]
    gaps = [1000 * answer.gap for answer in ended]
    words = sum(answer.words for answer in answers)
    return Row(
        system=system,
        users=users,
        answers=len(answers),
        failed=verdicts[Verdict.FAILED],
        lost=verdicts[Verdict.LOST],
        healed=verdicts[Verdict.HEALED],
        accepted_p50=percentile(accepted, 0.5),
        accepted_p95=percentile(accepted, 0.95),
        added_p50=percentile(added, 0.5),
        added_p95=percentile(added, 0.95),
        ratio_p50=percentile(ratios, 0.5),
        ratio_p95=percentile(ratios, 0.95),
        gap_p95=percentile(gaps, 0.95),
        late_p95=percentile([1000 * answer.late for answer in answers], 0.95),
        cpu_per_1k=1000 * sum(cost.cpu.values()) / words if words else None,
        cost=cost,
        reasons=dict(Counter(a.reason for a in answers if a.reason is not None)),
    )


def typical(rows: Sequence[Row]) -> Row:
    """Several runs of the same row as one: medians, but the sum of everything that went wrong."""

    def middle(read: Callable[[Row], float | None]) -> float | None:
        values = [value for row in rows if (value := read(row)) is not None]
        return median(values) if values else None

    return Row(
        system=rows[0].system,
        users=rows[0].users,
        answers=sum(row.answers for row in rows),
        failed=sum(row.failed for row in rows),
        lost=sum(row.lost for row in rows),
        healed=sum(row.healed for row in rows),
        accepted_p50=middle(lambda row: row.accepted_p50),
        accepted_p95=middle(lambda row: row.accepted_p95),
        added_p50=middle(lambda row: row.added_p50),
        added_p95=middle(lambda row: row.added_p95),
        ratio_p50=middle(lambda row: row.ratio_p50),
        ratio_p95=middle(lambda row: row.ratio_p95),
        gap_p95=middle(lambda row: row.gap_p95),
        late_p95=middle(lambda row: row.late_p95),
        cpu_per_1k=middle(lambda row: row.cpu_per_1k),
        cost=_typical_cost([row.cost for row in rows]),
        reasons=dict(sum((Counter(row.reasons) for row in rows), Counter())),
    )


def _typical_cost(costs: Sequence[Cost]) -> Cost:
    return Cost(
        cpu=_medians([cost.cpu for cost in costs]),
        peaks={
            name: max(cost.peaks.get(name, 0.0) for cost in costs)
            for name in {name for cost in costs for name in cost.peaks}
        },
        load_cores=median(cost.load_cores for cost in costs),
        upstream_cores=median(cost.upstream_cores for cost in costs),
        other_cores=median(cost.other_cores for cost in costs),
    )


def _medians(figures: Sequence[Figures]) -> Figures:
    names = {name for each in figures for name in each}
    return {name: median(each.get(name, 0.0) for each in figures) for name in names}
