"""A worker takes no more than it has slots for, and the next as soon as one is free."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core.clock import now
from app.core.resources import Resources
from app.core.settings import Settings
from app.events.store import StoredEvent
from app.tasks.lease import LATE
from app.tasks.models import Task, TaskPriority, TaskStatus
from app.turns.background import TaskRequest, start_task
from tests.factories import MakeUser
from tests.flows.test_message import running_worker


async def all_ended(resources: Resources, ids: list[UUID]) -> None:
    async with asyncio.timeout(30):
        while True:
            async with resources.db.transaction() as session:
                open_ = await session.scalar(
                    select(Task.id).where(Task.id.in_(ids), Task.completed_at.is_(None)).limit(1)
                )
            if open_ is None:
                return
            await asyncio.sleep(0.05)


def with_slots(resources: Resources, slots: int) -> Resources:
    settings: Settings = resources.settings.model_copy(update={"worker_slots": slots})
    return Resources(settings, resources.db, resources.redis)


@pytest.mark.asvs("15.2.2")
async def test_many_tasks_go_through_few_slots_without_a_pause(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    ids = [
        (await start_task(resources, ada.id, TaskRequest(text=f"What is {n} + 1?"))).task_id
        for n in range(30)
    ]
    async with running_worker(with_slots(resources, 3)):
        await all_ended(resources, ids)
    async with resources.db.transaction() as session:
        types = await session.scalars(
            select(StoredEvent.type)
            .where(StoredEvent.type.in_(["task.started", "task.completed"]))
            .order_by(StoredEvent.seq)
        )
        under_way = most = 0
        for type in types:
            under_way += 1 if type == "task.started" else -1
            most = max(most, under_way)
    assert most == 3


async def test_urgent_work_overtakes_what_waits_for_a_slot(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    ids = []
    for n in range(6):
        priority = TaskPriority.URGENT if n == 5 else TaskPriority.NORMAL
        request = TaskRequest(text=f"What is {n} + 1?", name=str(n), priority=priority)
        ids.append((await start_task(resources, ada.id, request)).task_id)
    await resources.redis.flushall()  # nobody announces them: the worker finds them itself
    async with resources.db.transaction() as session:  # and all of them at its first look
        await session.execute(update(Task).values(queued_at=now() - 2 * LATE))
    async with running_worker(with_slots(resources, 1)):
        await all_ended(resources, ids)
    async with resources.db.transaction() as session:
        tasks = await session.scalars(select(Task).order_by(Task.started_at))
        assert [(t.name, t.status) for t in tasks][0] == ("5", TaskStatus.COMPLETED)
