"""What becomes of the moments of a schedule: run, missed, left out because the last still works."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from app.core.clock import now
from app.core.errors import Conflict, NotFound
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.schedules import service as schedules
from app.schedules.models import Missed, Overlap, Schedule
from app.schedules.rules import Rule, RuleKind
from app.schedules.service import NewSchedule
from app.tasks.lease import TaskEnd, claim_tasks, end_tasks
from app.tasks.models import Task, TaskStatus
from app.tasks.rest import release_waiting
from app.turns.schedules import fire_due, list_runs, run_now
from app.users.models import Role, User
from app.users.permissions import READ_ONLY
from tests.factories import MakeUser

NEWS = "What is new?"
HOUR = timedelta(hours=1)


async def make(
    resources: Resources, user_id: UUID, rule: str = "0 * * * *", **more: object
) -> UUID:
    new = NewSchedule(
        text=NEWS,
        rule=Rule(kind=RuleKind.CRON, text=rule, time_zone="Europe/Berlin"),
        **more,  # type: ignore[arg-type]
    )
    async with resources.db.transaction() as session:
        return (await schedules.create_schedule(session, user_id, new)).id


async def row(resources: Resources, id: UUID) -> Schedule:
    async with resources.db.transaction() as session:
        found = await session.get(Schedule, id)
    assert found is not None
    return found


async def due(resources: Resources, id: UUID) -> datetime:
    moment = (await row(resources, id)).next_at
    assert moment is not None
    return moment


async def runs(resources: Resources, id: UUID) -> list[Task]:
    async with resources.db.transaction() as session:
        found = await session.scalars(
            select(Task).where(Task.schedule_id == id).order_by(Task.created_at, Task.id)
        )
        return list(found)


async def told(resources: Resources, id: UUID) -> list[tuple[str, str | None, int | None]]:
    """What was recorded of a schedule: type, reason, how many moments."""
    async with resources.db.transaction() as session:
        rows = await session.scalars(
            select(StoredEvent).where(StoredEvent.subject_id == id).order_by(StoredEvent.seq)
        )
        return [
            (e.type.removeprefix("schedule."), e.payload.get("reason"), e.payload.get("moments"))
            for e in rows
        ]


async def end(resources: Resources, task: Task, status: TaskStatus) -> None:
    async with resources.db.transaction() as session:
        [claimed] = await claim_tasks(session, "w", ids=[task.id], mine=set())
    async with resources.db.transaction() as session:
        assert await end_tasks(session, [TaskEnd(task=claimed, status=status)])


@pytest.fixture
async def ada(make_user: MakeUser) -> User:
    return await make_user("ada")


async def test_a_moment_is_one_run_however_many_workers_look(
    resources: Resources, ada: User
) -> None:
    id = await make(resources, ada.id)
    moment = await due(resources, id)
    await asyncio.gather(*[fire_due(resources, moment) for _ in range(5)])
    [task] = await runs(resources, id)
    assert (task.kind, task.in_background, task.name) == ("scheduled_task", True, NEWS)
    assert task.parameters == {
        "language": "en",
        "model": None,
        "time_zone": "Europe/Berlin",
    }
    after = await row(resources, id)
    assert (after.last_at, after.runs, after.next_at) == (moment, 1, moment + HOUR)
    assert await told(resources, id) == [("created", None, None), ("fired", None, None)]


async def test_nothing_happens_before_its_moment(resources: Resources, ada: User) -> None:
    id = await make(resources, ada.id)
    assert await fire_due(resources, await due(resources, id) - timedelta(milliseconds=1)) == 0
    assert await runs(resources, id) == []


async def test_a_moment_whose_commit_was_lost_is_run_once_when_it_is_looked_at_again(
    resources: Resources, ada: User
) -> None:
    id = await make(resources, ada.id)
    moment = await due(resources, id)
    await fire_due(resources, moment)
    async with resources.db.transaction() as session:
        await session.execute(update(Schedule).values(next_at=moment))
        await session.execute(text("update tasks set status = 'completed'"))
    await fire_due(resources, moment)
    assert len(await runs(resources, id)) == 1


async def test_all_runs_are_turns_of_one_conversation(resources: Resources, ada: User) -> None:
    id = await make(resources, ada.id)
    for _ in range(2):
        await fire_due(resources, await due(resources, id))
        await end(resources, (await runs(resources, id))[-1], TaskStatus.COMPLETED)
    first, second = await runs(resources, id)
    assert first.thread_id == second.thread_id == (await row(resources, id)).thread_id
    async with resources.db.transaction() as session:
        await session.execute(text("delete from threads"))
    await fire_due(resources, await due(resources, id))
    [third] = await runs(resources, id)
    assert third.thread_id is not None
    assert third.thread_id != first.thread_id


@pytest.mark.parametrize(
    ("missed", "count", "left_out"),
    [(Missed.SKIP, 0, 3), (Missed.ONCE, 1, 2), (Missed.ALL, 3, None)],
)
async def test_runs_that_were_missed_are_skipped_or_made_up_for_as_their_owner_wishes(
    resources: Resources, ada: User, missed: Missed, count: int, left_out: int | None
) -> None:
    id = await make(resources, ada.id, missed=missed)
    moment = await due(resources, id)
    await fire_due(resources, moment + 2 * HOUR + timedelta(minutes=10))
    made = await runs(resources, id)
    assert len(made) == count
    assert (await row(resources, id)).next_at == moment + 3 * HOUR
    skipped = [(reason, n) for kind, reason, n in await told(resources, id) if kind == "skipped"]
    assert skipped == ([("missed", left_out)] if left_out else [])
    waiting = [task.status for task in made]
    assert waiting == [TaskStatus.QUEUED, TaskStatus.PENDING, TaskStatus.PENDING][:count]


async def test_a_run_that_is_on_time_counts_for_those_that_were_missed(
    resources: Resources, ada: User
) -> None:
    id = await make(resources, ada.id)
    moment = await due(resources, id)
    await fire_due(resources, moment + 2 * HOUR + timedelta(seconds=3))
    assert len(await runs(resources, id)) == 1
    assert (await row(resources, id)).last_at == moment + 2 * HOUR


async def test_a_year_of_missed_minutes_is_one_run(resources: Resources, ada: User) -> None:
    id = await make(resources, ada.id, "* * * * *", missed=Missed.ALL)
    moment = await due(resources, id)
    await fire_due(resources, moment + timedelta(days=365))
    assert len(await runs(resources, id)) == 100
    assert (await row(resources, id)).next_at == moment + timedelta(days=365, minutes=1)


async def test_a_run_is_left_out_while_the_one_before_still_works(
    resources: Resources, ada: User
) -> None:
    id = await make(resources, ada.id)
    await fire_due(resources, await due(resources, id))
    await fire_due(resources, await due(resources, id))
    assert len(await runs(resources, id)) == 1
    assert (await told(resources, id))[-1] == ("skipped", "overlap", 1)


@pytest.mark.parametrize("ended", [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.TIMEOUT])
async def test_a_run_may_wait_for_the_end_of_the_one_before_good_or_bad(
    resources: Resources, ada: User, ended: TaskStatus
) -> None:
    id = await make(resources, ada.id, overlap=Overlap.QUEUE)
    await fire_due(resources, await due(resources, id))
    await fire_due(resources, await due(resources, id))
    first, second = await runs(resources, id)
    async with resources.db.transaction() as session:
        assert await release_waiting(session) == []
    assert second.status is TaskStatus.PENDING
    await end(resources, first, ended)
    async with resources.db.transaction() as session:
        assert [task.id for task in await release_waiting(session)] == [second.id]


async def test_a_schedule_with_a_number_of_runs_is_over_after_them(
    resources: Resources, ada: User
) -> None:
    id = await make(resources, ada.id, overlap=Overlap.QUEUE, most_runs=2)
    await fire_due(resources, await due(resources, id))
    await fire_due(resources, await due(resources, id))
    after = await row(resources, id)
    assert (after.runs, after.next_at, after.ended_at is not None) == (2, None, True)
    assert (await told(resources, id))[-1][0] == "ended"


async def test_a_moment_that_comes_once_is_over_after_it(resources: Resources, ada: User) -> None:
    at = (now() + HOUR).isoformat()
    new = NewSchedule(text=NEWS, rule=Rule(kind=RuleKind.ONCE, text=at, time_zone="UTC"))
    async with resources.db.transaction() as session:
        id = (await schedules.create_schedule(session, ada.id, new)).id
    await fire_due(resources, now() + HOUR)
    after = await row(resources, id)
    assert (after.runs, after.next_at, after.ended_at is not None) == (1, None, True)


async def test_a_run_begins_in_its_window_or_not_at_all(resources: Resources, ada: User) -> None:
    id = await make(resources, ada.id, start_within_seconds=600)
    moment = await due(resources, id)
    await fire_due(resources, moment)
    [task] = await runs(resources, id)
    assert task.start_until == moment + timedelta(seconds=600)
    await end(resources, task, TaskStatus.COMPLETED)
    await fire_due(resources, await due(resources, id) + timedelta(minutes=11))
    assert len(await runs(resources, id)) == 1
    assert (await told(resources, id))[-1] == ("skipped", "missed", 1)


async def test_a_schedule_that_cannot_run_holds_no_other_up(
    resources: Resources, ada: User, make_user: MakeUser
) -> None:
    bob = await make_user("bob")
    refused, fine = await make(resources, bob.id), await make(resources, ada.id)
    async with resources.db.transaction() as session:
        await session.execute(text("update users set is_active = username <> 'bob'"))
    await fire_due(resources, await due(resources, fine))
    assert await runs(resources, refused) == []
    assert (await told(resources, refused))[-1] == ("skipped", "refused", 1)
    assert len(await runs(resources, fine)) == 1
    assert (await row(resources, refused)).next_at == (await row(resources, fine)).next_at


async def test_a_rule_that_nobody_understands_any_more_rests(
    resources: Resources, ada: User
) -> None:
    id = await make(resources, ada.id)
    async with resources.db.transaction() as session:
        await session.execute(update(Schedule).values(time_zone="Europe/Atlantis"))
    await fire_due(resources, await due(resources, id))
    after = await row(resources, id)
    assert (after.next_at, after.paused_at is not None) == (None, True)
    assert (await told(resources, id))[-1] == ("skipped", "refused", 1)


async def test_a_schedule_runs_now_and_keeps_its_next_moment(
    resources: Resources, ada: User
) -> None:
    id = await make(resources, ada.id)
    moment = await due(resources, id)
    started = await run_now(resources, ada.id, id)
    [task] = await runs(resources, id)
    assert task.id == started.task_id
    assert await due(resources, id) == moment
    with pytest.raises(Conflict):
        await run_now(resources, ada.id, id)
    await end(resources, task, TaskStatus.COMPLETED)
    await run_now(resources, ada.id, id)
    async with resources.db.transaction() as session:
        page = await list_runs(session, ada.id, id, after=None, limit=1)
        rest = await list_runs(session, ada.id, id, after=page.next_cursor, limit=1)
    assert [task.id for task in rest.items] == [started.task_id]


async def test_one_that_rests_or_is_removed_does_not_run(
    resources: Resources, ada: User, make_user: MakeUser
) -> None:
    id = await make(resources, ada.id)
    moment = await due(resources, id)
    async with resources.db.transaction() as session:
        await schedules.pause_schedule(session, ada.id, id)
    assert await fire_due(resources, moment + HOUR) == 0
    async with resources.db.transaction() as session:
        await schedules.resume_schedule(session, ada.id, id)
    assert await due(resources, id) == moment
    async with resources.db.transaction() as session:
        await schedules.remove_schedule(session, ada.id, id)
        with pytest.raises(NotFound):
            await schedules.get_schedule(session, ada.id, id)
    assert await fire_due(resources, moment) == 0
    bob = await make_user("bob")
    async with resources.db.transaction() as session:
        with pytest.raises(NotFound):
            await schedules.restore_schedule(session, bob.id, id)
        await schedules.restore_schedule(session, ada.id, id)
    assert await due(resources, id) == moment
    assert [kind for kind, _, _ in await told(resources, id)] == [
        "created", "paused", "resumed", "removed", "restored"
    ]  # fmt: skip


async def test_a_schedule_of_somebody_who_only_reads_now_does_not_fire_and_says_why(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user()
    id = await make(resources, ada.id)
    moment = await due(resources, id)
    async with resources.db.transaction() as session:
        await session.execute(update(User).values(role=Role.VIEWER))
    await fire_due(resources, moment)
    assert await runs(resources, id) == []
    async with resources.db.transaction() as session:
        skipped = select(StoredEvent.payload).where(StoredEvent.type == "schedule.skipped")
        said = await session.scalar(skipped)
    assert said is not None
    assert READ_ONLY in str(said)
