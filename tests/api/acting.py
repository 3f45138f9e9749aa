"""Who takes part in these tests: a web process, people with clients, and a worker."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import httpx
import uvicorn

from app.core.bus import Bus
from app.core.clock import derived_id, now
from app.core.redis import LIVE
from app.core.resources import Resources
from app.events.refusals import Refusals
from app.orchestrator.outcome import Outcomes, TurnEnd
from app.tasks.lease import claim_tasks
from app.tasks.live import Hub, Live
from app.tasks.models import Task, TaskStatus
from app.tasks.parts import Ended, ToolFinished, ToolStarted
from app.turns.service import Turns
from app.ui.runtime import Runtime, use_runtime
from app.users.models import Role
from app.users.service import NewUser, create_user
from app.users.sessions import Browser, start_session
from app.web import build_app
from tests.canaries import must_be_clean


@dataclass
class Web:
    """A web process with the REST face alone."""

    url: str
    live: Live
    refusals: Refusals

    @property
    def watched(self) -> int:
        """How many turns somebody follows."""
        return len(self.live._watches)


@asynccontextmanager
async def serve(
    resources: Resources, *, ws: Literal["none", "websockets-sansio"] = "none"
) -> AsyncIterator[Web]:
    """Run a web process on a free port; with `ws`, sockets are answered too."""
    live, bus = Live(resources.redis), Bus(resources.redis)
    bus.subscribe(LIVE, live.heard)
    bus.on_gap(live.lost)
    runtime = Runtime(resources=resources, live=live, turns=Turns(resources), bus=bus)
    refusals = Refusals(resources.db)
    app = build_app(runtime, refusals)
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws=ws,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    async with use_runtime(runtime):
        tasks = [asyncio.create_task(bus.run()), asyncio.create_task(server._serve([listener]))]
        try:
            yield Web(f"http://127.0.0.1:{listener.getsockname()[1]}", live, refusals)
        finally:
            server.should_exit = True
            await tasks[1]
            tasks[0].cancel()
            await asyncio.wait(tasks[:1])
            await refusals.write(everything=True)


class Person:
    """Somebody at the other end of the API."""

    def __init__(self, user_id: UUID, http: httpx.AsyncClient) -> None:
        self.user_id = user_id
        self.http = http

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request under `/api/v1`; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.http.request(method, f"/api/v1{path}", json=body, headers=named)
        if answer.is_error:
            must_be_clean(f"{method} {path}", answer.text)
        return answer

    async def done(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The data of a request that must succeed."""
        answer = await self.ask(method, path, body, **headers)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and error of a request that must fail."""
        answer = await self.ask(method, path, body)
        assert answer.is_error, answer.text
        assert answer.json()["success"] is False
        return answer.status_code, answer.json()["error"]

    async def say(self, text: str = "What is 6 * 7?", **more: Any) -> Any:
        """Begin a conversation."""
        return await self.done("POST", "/messages", {"text": text, **more})

    @asynccontextmanager
    async def follow(
        self, task_id: str, last_event_id: str | None = None
    ) -> AsyncIterator["Following"]:
        """Follow a turn."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        path = f"/api/v1/tasks/{task_id}/events"
        async with self.http.stream("GET", path, headers=headers) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield Following(response)


@dataclass
class Happening:
    """One server-sent event."""

    name: str
    data: Any
    id: str | None


class Following:
    """The events of a turn, one after another."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> Happening:
        """The next event; comments are passed over."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(20):
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    data = json.loads(fields["data"])
                    return Happening(fields["event"], data, fields.get("id"))
                else:
                    fields = {}
        raise EOFError("The stream has ended.")

    async def rest(self) -> list[Happening]:
        """All events until the stream ends."""
        happenings = []
        try:
            while True:
                happenings.append(await self.next())
        except EOFError:
            return happenings


async def sign_in(resources: Resources, url: str, username: str, role: Role = Role.USER) -> Person:
    """Make an account with a session, and a client that holds its cookie."""
    async with resources.db.transaction() as session:
        user = await create_user(session, NewUser(username=username, role=role))
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    http = httpx.AsyncClient(base_url=url, cookies={"keiko_session": token}, timeout=20)
    return Person(user.id, http)


class Worker:
    """Runs turns as a worker does, word by word as the test says."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._hub = Hub(resources.redis)
        self._outcomes = Outcomes(resources)
        self._texts: dict[UUID, str] = {}

    async def claim(self, task_id: str) -> Task:
        """Begin a turn."""
        async with self._resources.db.transaction() as session:
            (task,) = await claim_tasks(session, "test", ids=[UUID(task_id)], mine=set())
        self._hub.begin(task.id, task.fence, task.attempts)
        self._texts[task.id] = ""
        await self._hub.flush()
        return task

    async def say(self, task: Task, text: str) -> None:
        """More of the answer."""
        self._texts[task.id] += text
        self._hub.text(task.id, text)
        await self._hub.flush()

    async def use_tool(self, task: Task, call: str, output: str | None) -> str:
        """Start a tool call (no output yet) or finish it. Returns its step's id."""
        id = derived_id(task.id, f"tool:{call}")
        if output is None:
            self._hub.say(task.id, ToolStarted(str(id), "calculator", '{"expression":"6*7"}'))
        else:
            self._hub.say(task.id, ToolFinished(str(id), output, False))
            step = {"id": id, "thread_id": task.thread_id, "task_id": task.id, "kind": "tool",
                    "name": "calculator", "input": "{}", "output": output, "ended_at": now(),
                    "created_at": now()}  # fmt: skip
            await self._outcomes.tool_step(task, step)
        await self._hub.flush()
        return str(id)

    async def ask(self, task: Task) -> None:
        """Let the turn wait for its owner."""
        await self._outcomes.ask(
            task, {"call": {"kind": "unknown_outcome", "tool": "send", "arguments": {}}}
        )
        await self.tell_end(task, TaskStatus.WAITING)

    async def end(
        self, task: Task, status: TaskStatus = TaskStatus.COMPLETED, sentence: str | None = None
    ) -> None:
        """End the turn, well or with a sentence that says why not."""
        await self.end_silently(task, status, sentence)
        await self.tell_end(task, status)

    async def end_silently(
        self, task: Task, status: TaskStatus = TaskStatus.COMPLETED, sentence: str | None = None
    ) -> None:
        """End the turn in the rows, as if Redis had lost the word of it."""
        end = TurnEnd(
            task=task,
            status=status,
            text=self._texts[task.id],
            error_code="model_silent" if sentence else None,
            sentence=sentence,
        )
        await self._outcomes.end(end)

    async def tell_end(self, task: Task, status: TaskStatus) -> None:
        """Say in the live stream that the run has stopped."""
        self._hub.say(task.id, Ended(status))
        await self._hub.flush()
