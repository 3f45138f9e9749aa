"""The counts of days: what happened to all users together, for administrators."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.api import counts
from app.core.resources import Resources
from app.events.counts import add_counts
from tests.api.acting import Person

TODAY = date(2026, 3, 15)


async def counted(resources: Resources, *days: tuple[date, str, int]) -> None:
    async with resources.db.transaction() as session:
        await add_counts(
            session,
            [{"day": day, "type": type, "count": n, "milliseconds": 7} for day, type, n in days],
        )


def told(data: Any) -> list[tuple[str, str, int]]:
    return [(each["day"], each["type"], each["count"]) for each in data]


async def test_an_administrator_sees_what_happened_day_by_day(
    resources: Resources, root: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "now", lambda: datetime(2026, 3, 15, 23, 59, tzinfo=UTC))
    await counted(
        resources,
        (TODAY, "task.completed", 3),
        (TODAY, "task.failed", 1),
        (TODAY - timedelta(days=29), "user.created", 2),
        (TODAY - timedelta(days=30), "user.created", 5),
    )
    await counted(resources, (TODAY, "task.completed", 4))
    today, before = TODAY.isoformat(), (TODAY - timedelta(days=29)).isoformat()
    found = await root.done("GET", "/events/counts")
    assert told(found) == [
        (today, "task.completed", 7),
        (today, "task.failed", 1),
        (before, "user.created", 2),
    ]
    assert found[0]["milliseconds"] == 14
    some = await root.done("GET", "/events/counts?type=task.failed&type=user.*")
    assert [type for _, type, _ in told(some)] == ["task.failed", "user.created"]


async def test_both_days_are_included_and_no_others(resources: Resources, root: Person) -> None:
    days = [date(2026, 3, day) for day in (1, 2, 3, 4)]
    await counted(resources, *((day, "task.completed", day.day) for day in days))
    found = await root.done("GET", "/events/counts?from=2026-03-02&to=2026-03-03")
    assert [count for _, _, count in told(found)] == [3, 2]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-03-02&to=2026-03-01", "to"),
        ("from=2025-01-01&to=2026-03-01", "to"),
        ("from=soon", "from"),
        ("type=everything", "type"),
        ("colour=red", "colour"),
    ],
)
async def test_days_and_types_that_cannot_be_are_refused(
    root: Person, query: str, field: str
) -> None:
    status, error = await root.refused("GET", f"/events/counts?{query}")
    assert (status, error["field"]) == (422, field)


async def test_the_first_day_there_is_can_be_asked_for(root: Person) -> None:
    assert await root.done("GET", "/events/counts?to=0001-01-02") == []


async def test_others_learn_nothing_of_it(resources: Resources, ada: Person) -> None:
    await counted(resources, (TODAY, "task.completed", 3))
    status, error = await ada.refused("GET", "/events/counts")
    assert (status, error["code"]) == (403, "forbidden")
