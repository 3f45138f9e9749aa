"""The tools for schedules and reminders act for who called, and once for each call."""

from asyncio import gather

import pytest
from sqlalchemy import func, select, update

from app.core.resources import Resources
from app.schedules.models import Schedule
from app.schedules.rules import RuleKind
from app.tasks.models import Task
from app.users.models import User
from tests.factories import MakeUser
from tests.tools.calling import Assistant, running_task


async def schedules(resources: Resources) -> list[Schedule]:
    async with resources.db.transaction() as session:
        found = await session.scalars(
            select(Schedule).where(Schedule.removed_at.is_(None)).order_by(Schedule.created_at)
        )
        return list(found)


async def test_a_phrase_becomes_a_rule_in_the_zone_of_the_page(
    resources: Resources, assistant: Assistant
) -> None:
    said = await assistant.call(
        "schedule", when="every weekday at 8", text="Tell me the time in Tokyo", name="Tokyo"
    )

    [made] = await schedules(resources)
    assert (made.user_id, made.name) == (assistant.task.user_id, "Tokyo")
    assert (made.kind, made.rule) == (RuleKind.CRON, "0 8 * * MON-FRI")
    assert made.time_zone == "Europe/Berlin"
    assert "**Tokyo**" in said and said.count("08:00 (Europe/Berlin)") == 3


@pytest.mark.parametrize(
    ("when", "kind"),
    [
        ("0 8 * * 1-5", RuleKind.CRON),
        ("FREQ=WEEKLY;BYDAY=MO;BYHOUR=8;BYMINUTE=0", RuleKind.RRULE),
        ("2099-12-24T18:00", RuleKind.ONCE),
        ("2099-12-24", RuleKind.ONCE),
        ("jeden Werktag um 8", RuleKind.CRON),
        ("in 10 minutes", RuleKind.ONCE),
    ],
)
async def test_a_rule_may_be_written_in_every_way(
    resources: Resources, assistant: Assistant, when: str, kind: RuleKind
) -> None:
    await assistant.call("schedule", when=when, text="Look", name="Look")

    [made] = await schedules(resources)
    assert made.kind is kind


@pytest.mark.parametrize(
    "when", ["whenever", "2020-01-01T10:00", "0 8 30 2 *", "99 8 * * *", "FREQ=SECONDLY", ""]
)
@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_time_that_never_comes_is_a_sentence_and_makes_nothing(
    resources: Resources, assistant: Assistant, when: str, language: str
) -> None:
    assistant.language = language
    for tool in ("schedule", "remind"):
        said = await assistant.call(tool, when=when, text="Look")
        assert assistant.failed and said.endswith(".")
        assert language == "en" or "Es wurde nichts angelegt" in said

    assert await schedules(resources) == []


async def test_without_a_zone_of_the_page_that_of_the_account_counts(
    resources: Resources, assistant: Assistant
) -> None:
    assistant.time_zone = None
    async with resources.db.transaction() as session:
        await session.execute(update(User).values(timezone="America/New_York"))
    await assistant.call("schedule", when="every day at 8", text="Look")
    await assistant.call("schedule", when="every day at 9", text="Look", time_zone="Asia/Tokyo")
    await assistant.call("schedule", when="every day at 9", text="Look", time_zone="Mars/Base")

    assert assistant.failed
    assert [s.time_zone for s in await schedules(resources)] == ["America/New_York", "Asia/Tokyo"]


async def test_a_reminder_says_what_it_was_told_and_needs_no_model(
    resources: Resources, assistant: Assistant
) -> None:
    assistant.language = "de"
    said = await assistant.call("remind", when="morgen um 9", text="Zahnarzt")

    [made] = await schedules(resources)
    assert (made.name, made.text, made.model) == (
        "Zahnarzt",
        "Erinnerung: Zahnarzt",
        "Keiko offline",
    )
    assert made.next_at is not None and "09:00 (Europe/Berlin)" in said


async def test_the_same_call_made_again_is_the_same_schedule(
    resources: Resources, assistant: Assistant
) -> None:
    for _ in range(3):
        await assistant.call("remind", id="call-1", when="in 10 minutes", text="Tea")
    await gather(
        *(assistant.call("remind", id="call-2", when="in 9 minutes", text="Cake") for _ in "ab")
    )

    assert [s.name for s in await schedules(resources)] == ["Tea", "Cake"]


async def test_schedules_are_listed_changed_and_removed_by_name(
    resources: Resources, assistant: Assistant
) -> None:
    await assistant.call("schedule", when="every day at 8", text="Tell me the news", name="News")

    assert "- **News**: next " in await assistant.call("list_schedules")
    assert "paused" in await assistant.call("change_schedule", schedule="news", action="pause")
    assert (await schedules(resources))[0].next_at is None
    assert "- **News**: paused" in await assistant.call("list_schedules")
    assert "goes on" in await assistant.call("change_schedule", schedule="News", action="resume")
    assert "removed" in await assistant.call("change_schedule", schedule="News", action="remove")
    assert await schedules(resources) == []
    assert "no schedules" in await assistant.call("list_schedules")


async def test_a_run_beside_the_schedule_is_made_once_for_each_call(
    resources: Resources, assistant: Assistant
) -> None:
    await assistant.call("schedule", when="every day at 8", text="Tell me the news", name="News")
    for _ in range(2):
        said = await assistant.call(
            "change_schedule", id="call-9", schedule="News", action="run_now"
        )
        assert not assistant.failed, said

    [made] = await schedules(resources)
    async with resources.db.transaction() as session:
        runs = await session.scalar(
            select(func.count()).select_from(Task).where(Task.schedule_id == made.id)
        )
    assert (runs, made.runs) == (1, 1)


async def test_anothers_schedule_is_as_good_as_absent(
    resources: Resources, assistant: Assistant, make_user: MakeUser
) -> None:
    bob = await make_user("bob")
    his = Assistant(resources, await running_task(resources, bob.id))
    await his.call("schedule", when="every day at 8", text="Secret", name="Secret")
    [made] = await schedules(resources)

    for wanted in ("Secret", str(made.id)):
        said = await assistant.call("change_schedule", schedule=wanted, action="remove")
        assert assistant.failed and "There is no schedule" in said
    assert "Secret" not in await assistant.call("list_schedules")
    assert len(await schedules(resources)) == 1
