"""Somebody's role is lowered while their tasks wait and run: neither goes on, and both say why."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.resources import Resources
from app.orchestrator.failures import Failure, sentence
from app.tasks.models import Task, TaskStatus
from app.turns.background import TaskRequest, start_task
from app.users.models import Role, User
from tests.factories import MakeUser
from tests.flows.test_message import running_worker


async def lower(resources: Resources, **change: object) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(User).values(**change))


async def until(resources: Resources, task_id: UUID, *wanted: TaskStatus) -> Task:
    async with asyncio.timeout(40):
        while True:
            async with resources.db.transaction() as session:
                task = await session.get_one(Task, task_id)
            if task.status in wanted:
                return task
            await asyncio.sleep(0.05)


ENDED = (TaskStatus.FAILED, TaskStatus.COMPLETED, TaskStatus.CANCELLED)


@pytest.mark.asvs("8.3.2")
@pytest.mark.parametrize("change", [{"role": Role.VIEWER}, {"is_active": False}])
async def test_what_waits_is_not_begun_and_says_why(
    resources: Resources, make_user: MakeUser, change: dict[str, object]
) -> None:
    ada = await make_user("ada")
    started = await start_task(resources, ada.id, TaskRequest(text="What is 6 * 7?"))
    await lower(resources, **change)
    async with running_worker(resources):
        task = await until(resources, started.task_id, *ENDED)
    assert (task.status, task.error_code) == (TaskStatus.FAILED, Failure.NOT_ALLOWED)
    assert task.error == sentence(Failure.NOT_ALLOWED, "en")


async def test_what_runs_ends_within_moments(resources: Resources, make_user: MakeUser) -> None:
    ada = await make_user("ada")
    long = TaskRequest(text="!say " + "Slowly. " * 8000)
    started = await start_task(resources, ada.id, long)
    async with running_worker(resources):
        await until(resources, started.task_id, TaskStatus.RUNNING)
        await lower(resources, role=Role.VIEWER)
        task = await until(resources, started.task_id, *ENDED)
    assert (task.status, task.error_code) == (TaskStatus.FAILED, Failure.NOT_ALLOWED)
