"""A web process inside the test, tabs that are signed in to it, and a worker led by the hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
import uvicorn

from app.chats.models import Step, StepKind
from app.core.bus import Bus
from app.core.clock import derived_id, now
from app.core.redis import LIVE
from app.core.resources import Resources
from app.tasks.lease import TaskEnd, claim_tasks, end_tasks
from app.tasks.live import Hub, Live
from app.tasks.models import Task, TaskStatus
from app.tasks.parts import Ended, ToolFinished, ToolStarted
from app.turns.service import Turns
from app.ui.cookies import PLAIN_NAME
from app.ui.runtime import Runtime, use_runtime
from app.users.models import User
from app.users.sessions import Browser, start_session
from app.web import Server, build_app
from tests.factories import MakeUser
from tests.ui.client import ChatClient


async def eventually(true: Callable[[], object], *, within: float = 5) -> None:
    """Wait until something holds that tells nobody when it begins to."""
    deadline = asyncio.get_running_loop().time() + within
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it never came to that"
        await asyncio.sleep(0.01)


@dataclass
class Web:
    """A running web process."""

    url: str
    runtime: Runtime


@asynccontextmanager
async def open_web(resources: Resources) -> AsyncIterator[Web]:
    """The real application on a real port, in the loop of the test."""
    bus, live = Bus(resources.redis), Live(resources.redis)
    bus.subscribe(LIVE, live.heard)
    bus.on_gap(live.lost)
    runtime = Runtime(resources=resources, live=live, turns=Turns(resources), bus=bus)
    config = uvicorn.Config(
        build_app(runtime),
        port=0,
        lifespan="off",
        ws="websockets-sansio",
        proxy_headers=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    async with use_runtime(runtime):
        listening = asyncio.create_task(bus.run())
        serving = asyncio.create_task(server.serve())
        await eventually(lambda: server.started)
        host, port = server.servers[0].sockets[0].getsockname()
        yield Web(f"http://{host}:{port}", runtime)
        server.should_exit = True
        await serving
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


@pytest.fixture
async def web(resources: Resources) -> AsyncIterator[Web]:
    """The real application on a real port, for one test."""
    async with open_web(resources) as served:
        yield served


SignIn = Callable[..., Awaitable[ChatClient]]


@pytest.fixture
async def user(make_user: MakeUser) -> User:
    """Ada."""
    return await make_user("ada")


@pytest.fixture
async def open_tab(web: Web, resources: Resources, user: User) -> AsyncIterator[SignIn]:
    """Opens tabs: `await open_tab()` is a new chat of Ada's; threads and users by name."""
    async with AsyncExitStack() as tabs:

        async def open_one(
            thread_id: str | None = None, *, of: User = user, language: str = "en"
        ) -> ChatClient:
            tab = await tabs.enter_async_context(ChatClient(web.url, language=language))
            async with resources.db.transaction() as session:
                token, _ = await start_session(session, of, Browser())
            tab.cookies[PLAIN_NAME] = token
            tab.identifier = str(of.id)
            await tab.connect(thread_id)
            return tab

        yield open_one


class Worker:
    """Does what a worker does, one step at a time, as the test tells it."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.hub = Hub(resources.redis)

    async def claim(self, message_id: str) -> Task:
        """Take the turn of a message, and begin to speak."""
        async with self._resources.db.transaction() as session:
            ids = [derived_id(UUID(message_id), "task")]
            (task,) = await claim_tasks(session, "test", ids=ids, mine=set())
        self.hub.begin(task.id, task.fence, task.attempts)
        return task

    async def say(self, task: Task, *texts: str) -> None:
        """Say text, piece by piece."""
        for text in texts:
            self.hub.text(task.id, text)
            await self.hub.flush()

    async def call_tool(self, task: Task, output: str) -> None:
        """Begin and end a tool call."""
        id = str(derived_id(task.id, "tool:1"))
        self.hub.say(task.id, ToolStarted(id, "clock", "{}"))
        await self.hub.flush()
        self.hub.say(task.id, ToolFinished(id, output, failed=False))
        await self.hub.flush()

    async def write_end(
        self, task: Task, text: str, status: TaskStatus, error: str | None = None
    ) -> None:
        """End a turn in the rows, and say nothing."""
        code = "model" if error else None
        async with self._resources.db.transaction() as session:
            end = TaskEnd(task=task, status=status, error_code=code, error=error)
            assert await end_tasks(session, [end])
            at = now()
            answer = Step(
                id=derived_id(task.id, "answer"),
                thread_id=task.thread_id,
                task_id=task.id,
                kind=StepKind.ASSISTANT_MESSAGE,
                name="Keiko",
                output="\n\n".join(part for part in (text, error) if part),
                is_error=error is not None,
                created_at=at,
                ended_at=at,
            )
            session.add(answer)

    async def end(
        self,
        task: Task,
        text: str,
        status: TaskStatus = TaskStatus.COMPLETED,
        error: str | None = None,
    ) -> None:
        """End a turn: first the rows, then the word."""
        await self.write_end(task, text, status, error)
        self.hub.say(task.id, Ended(status))
        await self.hub.flush()

    async def answer(self, message_id: str, *texts: str) -> Task:
        """Answer a message as a worker does."""
        task = await self.claim(message_id)
        await self.say(task, *texts)
        await self.end(task, "".join(texts))
        return task


@pytest.fixture
def worker(resources: Resources) -> Worker:
    """A worker that waits to be told."""
    return Worker(resources)
