"""Fixtures: sessions with a server that misbehaves, and a task that runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.resources import Resources
from app.mcp.sessions import ToolServers
from app.tasks.models import Task, TaskStatus
from tests.factories import MakeUser
from tests.fakes.guarded_tools import Guarded, guarded_tools
from tests.fakes.tools import open_fake_tools
from tests.mcp.signing import inside


@pytest.fixture(scope="module")
async def tool_servers() -> AsyncIterator[ToolServers]:
    async with open_fake_tools() as opened:
        yield opened


@pytest.fixture
async def task(resources: Resources, make_user: MakeUser) -> Task:
    user = await make_user()
    async with resources.db.transaction() as session:
        task = Task(user_id=user.id, status=TaskStatus.RUNNING, fence=1)
        session.add(task)
    return task


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lines"


@pytest.fixture
async def guarded() -> AsyncIterator[Guarded]:
    """A server that wants a sign-in, on this machine."""
    async with guarded_tools() as running:
        yield running


@pytest.fixture
def here(resources: Resources) -> Resources:
    """What a process opens, where servers of this machine may be called."""
    return inside(resources)
