"""Who runs a task: claims, fences and what a late worker may not do."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from app.core.errors import LeaseLost
from app.core.resources import Resources
from app.tasks.lease import (
    TaskEnd,
    claim_tasks,
    end_tasks,
    hand_over,
    hold_lease,
    renew_leases,
)
from app.tasks.models import Task, TaskStatus
from app.tasks.service import NewTask, create_tasks
from tests.factories import MakeUser


async def waiting_task(resources: Resources, make_user: MakeUser) -> NewTask:
    user = await make_user("ada")
    new = NewTask(id=uuid4(), user_id=user.id, thread_id=None, message_id=None)
    async with resources.db.transaction() as session:
        await create_tasks(session, [new])
    return new


async def claim(resources: Resources, worker: str, new: NewTask | None) -> list[Task]:
    async with resources.db.transaction() as session:
        return await claim_tasks(session, worker, ids=[new.id] if new else None, mine=set())


async def lapse(resources: Resources) -> None:
    async with resources.db.transaction() as session:
        await session.execute(text("update tasks set lease_until = now() - interval '1 second'"))


@pytest.mark.asvs("2.3.4")
async def test_a_task_is_claimed_once(resources: Resources, make_user: MakeUser) -> None:
    new = await waiting_task(resources, make_user)
    assert len(await claim(resources, "one", new)) == 1
    assert await claim(resources, "two", new) == []
    assert await claim(resources, "two", None) == []


async def test_a_lapsed_lease_is_claimed_again_with_a_higher_fence(
    resources: Resources, make_user: MakeUser
) -> None:
    new = await waiting_task(resources, make_user)
    [first] = await claim(resources, "one", new)
    await lapse(resources)
    [second] = await claim(resources, "two", None)
    assert (second.fence, second.attempts, second.worker) == (first.fence + 1, 2, "two")


async def test_a_worker_that_slept_through_its_lease_can_write_nothing(
    resources: Resources, make_user: MakeUser
) -> None:
    new = await waiting_task(resources, make_user)
    [late] = await claim(resources, "one", new)
    await lapse(resources)
    [task] = await claim(resources, "two", None)
    async with resources.db.transaction() as session:
        assert await end_tasks(session, [TaskEnd(task=late, status=TaskStatus.FAILED)]) == set()
        held = (await renew_leases(session, {late.id: late.fence})).ids
        assert held == set()
        with pytest.raises(LeaseLost):
            await hold_lease(session, late)
    async with resources.db.transaction() as session:
        assert await end_tasks(session, [TaskEnd(task=task, status=TaskStatus.COMPLETED)])


async def test_a_task_handed_over_is_claimed_at_once_and_counts_no_attempt(
    resources: Resources, make_user: MakeUser
) -> None:
    new = await waiting_task(resources, make_user)
    [first] = await claim(resources, "one", new)
    async with resources.db.transaction() as session:
        await hand_over(session, [first])
    [second] = await claim(resources, "two", new)
    assert (second.attempts, second.fence) == (1, first.fence + 1)


async def test_a_worker_learns_of_a_stop_with_its_next_renewal(
    resources: Resources, make_user: MakeUser
) -> None:
    new = await waiting_task(resources, make_user)
    [task] = await claim(resources, "one", new)
    async with resources.db.transaction() as session:
        await session.execute(text("update tasks set stop_requested_at = now()"))
    async with resources.db.transaction() as session:
        held = await renew_leases(session, {task.id: task.fence})
        assert (held.ids, held.to_stop) == ({task.id}, {task.id})
