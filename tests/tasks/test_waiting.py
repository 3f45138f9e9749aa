"""What waits: by priority, for a time, for other tasks, for another try."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.core.clock import now
from app.core.errors import Conflict, Invalid
from app.core.resources import Resources
from app.tasks import dependencies, rest, service
from app.tasks.lease import TaskEnd, claim_tasks, end_tasks
from app.tasks.models import Task, TaskPriority, TaskStatus
from app.tasks.service import NewTask, create_tasks
from tests.factories import MakeUser


class Desk:
    """Tasks of one user, by name."""

    def __init__(self, resources: Resources, user_id: UUID) -> None:
        self._resources = resources
        self.user_id = user_id
        self.names: dict[UUID, str] = {}

    async def add(self, name: str, **more: Any) -> UUID:
        new = NewTask(
            id=uuid4(), user_id=self.user_id, thread_id=None, message_id=None, name=name, **more
        )
        async with self._resources.db.transaction() as session:
            await create_tasks(session, [new])
        self.names[new.id] = name
        return new.id

    async def age(self, name: str, by: str) -> None:
        ids = {known: id for id, known in self.names.items()}
        async with self._resources.db.transaction() as session:
            await session.execute(
                text(
                    "update tasks set queued_at = queued_at - cast(:by as interval),"
                    " rank_at = rank_at - cast(:by as interval) where id = :id"
                ),
                {"by": timedelta(minutes=int(by)), "id": ids[name]},
            )

    async def taken(self, most: int = 50) -> list[str]:
        async with self._resources.db.transaction() as session:
            tasks = await claim_tasks(
                session, "w", ids=None, mine=set(), most=most, late=timedelta(0)
            )
        return [task.name or "" for task in tasks]

    async def end(self, id: UUID, status: TaskStatus = TaskStatus.COMPLETED) -> None:
        async with self._resources.db.transaction() as session:
            [task] = await claim_tasks(session, "w", ids=[id], mine=set())
            await end_tasks(session, [TaskEnd(task=task, status=status)])

    async def sweep(self) -> list[str]:
        async with self._resources.db.transaction() as session:
            return [task.name or "" for task in await rest.release_waiting(session)]

    async def status(self, id: UUID) -> tuple[TaskStatus, str | None]:
        async with self._resources.db.transaction() as session:
            task = await session.get(Task, id)
            assert task is not None
            return task.status, task.error_code


@pytest.fixture
async def desk(resources: Resources, make_user: MakeUser) -> Desk:
    return Desk(resources, (await make_user("ada")).id)


async def test_urgent_work_overtakes(desk: Desk) -> None:
    for priority in TaskPriority:
        await desk.add(str(priority), priority=priority)
    order = [(await desk.taken(most=1))[0] for _ in TaskPriority]
    assert order == ["critical", "urgent", "high", "normal", "low"]


async def test_nothing_starves(desk: Desk) -> None:
    await desk.add("patient", priority=TaskPriority.LOW)
    await desk.age("patient", by="400")
    await desk.add("pushing", priority=TaskPriority.CRITICAL)
    assert await desk.taken(most=1) == ["patient"]


async def test_a_task_begins_no_earlier_than_it_may(desk: Desk, resources: Resources) -> None:
    id = await desk.add("later", not_before=now() + timedelta(hours=1))
    assert await desk.sweep() == [] and await desk.taken() == []
    async with resources.db.transaction() as session:
        await session.execute(text("update tasks set not_before = now() - interval '1 s'"))
    assert await desk.sweep() == ["later"]
    assert await desk.taken() == ["later"]
    assert (await desk.status(id))[0] is TaskStatus.RUNNING


async def test_a_task_that_could_not_begin_in_time_never_does(desk: Desk) -> None:
    id = await desk.add("late", start_until=now() - timedelta(seconds=1))
    await desk.sweep()
    assert await desk.status(id) == (TaskStatus.TIMEOUT, "too_late")
    assert await desk.taken() == []


@pytest.mark.asvs("2.3.1")
async def test_a_task_waits_for_those_it_depends_on(desk: Desk) -> None:
    first, second = await desk.add("first"), await desk.add("second")
    third = await desk.add("third", depends_on=(first, second))
    assert sorted(await desk.taken()) == ["first", "second"]
    assert (await desk.status(third))[0] is TaskStatus.PENDING


async def test_a_task_begins_when_the_last_one_is_done(desk: Desk) -> None:
    first, second = await desk.add("first"), await desk.add("second")
    await desk.add("third", depends_on=(first, second, first))
    await desk.end(first)
    assert await desk.sweep() == []
    await desk.end(second)
    assert await desk.sweep() == ["third"]


async def test_a_task_that_depends_on_a_failure_never_begins(desk: Desk) -> None:
    first = await desk.add("first")
    second = await desk.add("second", depends_on=(first,))
    third = await desk.add("third", depends_on=(second,))
    await desk.end(first, TaskStatus.FAILED)
    await desk.sweep()
    await desk.sweep()
    assert await desk.status(second) == (TaskStatus.CANCELLED, "dependency_failed")
    assert await desk.status(third) == (TaskStatus.CANCELLED, "dependency_failed")


async def test_a_circle_is_refused_and_changes_nothing(desk: Desk, resources: Resources) -> None:
    first = await desk.add("first")
    second = await desk.add("second", depends_on=(first,))
    third = await desk.add("third", depends_on=(second,))
    for on in ([third], [first], [second, third]):
        with pytest.raises(Invalid) as refused:
            async with resources.db.transaction() as session:
                task = await service.lock_task(session, desk.user_id, first)
                await dependencies.set_dependencies(session, task, on)
        assert refused.value.field == "depends_on"
    assert await desk.taken() == ["first"]


async def test_a_failed_try_is_made_again_later_and_later(desk: Desk, resources: Resources) -> None:
    id = await desk.add("stubborn", max_retries=3)
    waits = []
    for _ in range(3):
        async with resources.db.transaction() as session:
            [task] = await claim_tasks(session, "w", ids=[id], mine=set())
            await rest.retry_later(
                session, task, code="model_error", sentence="No.", delay=timedelta(seconds=60)
            )
            await session.flush()
            held = await session.get(Task, id, populate_existing=True)
            assert held is not None and held.not_before is not None
            waits.append(round((held.not_before - now()).total_seconds()))
        async with resources.db.transaction() as session:
            await session.execute(text("update tasks set not_before = now()"))
        assert await desk.sweep() == ["stubborn"]
    assert waits == [60, 120, 240]


async def test_a_paused_task_rests_until_it_is_resumed(desk: Desk, resources: Resources) -> None:
    id = await desk.add("calm")
    async with resources.db.transaction() as session:
        assert await service.request_pause(
            session, await service.lock_task(session, desk.user_id, id)
        )
    assert await desk.taken() == []
    async with resources.db.transaction() as session:
        await service.resume_task(session, await service.lock_task(session, desk.user_id, id))
    assert await desk.taken() == ["calm"]
    with pytest.raises(Conflict):
        async with resources.db.transaction() as session:
            await service.resume_task(session, await service.lock_task(session, desk.user_id, id))
