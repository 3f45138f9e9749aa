"""What a server asks in the midst of a call, brought to the owner of the run.

A question is written at once, while the run goes on, and answered while the call waits. Where
nobody answers soon, the call is given up and the run rests; the row stays the same. Made again, the
call asks the same, and is answered from the row: the n-th question of a kind by its n-th row.
"""

import asyncio
import contextlib
from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import derived_id, now
from app.core.db import JSON, persist
from app.core.errors import Conflict, NotFound
from app.core.resources import Resources
from app.mcp.calls import AnswerNeeded, ToolCall
from app.mcp.contact import NotSampled, Sample, Wish
from app.mcp.records import release_call, resume_call
from app.mcp.sessions import ToolServers
from app.mcp.spec import ServerSpec
from app.orchestrator.approvals import hash_of
from app.orchestrator.sampling import Sampler
from app.orchestrator.turn import Run
from app.tasks.lease import hold_lease
from app.tasks.models import Question
from app.tasks.questions import ask_beside, complete_page, drop_questions
from app.tasks.queue import tell_changed

LOOK_SECONDS = 5.0
"""How often an answer is looked for that no hint told of."""


class Completions:
    """Answers questions that sent a person to a page, once the server says that they are done."""

    def __init__(self, resources: Resources, servers: ToolServers) -> None:
        self._resources = resources
        self._under_way: set[asyncio.Task[None]] = set()
        servers.completed = self._hear

    def _hear(self, server: ServerSpec, elicitation_id: str) -> None:
        task = asyncio.create_task(self._complete(server, elicitation_id))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _complete(self, server: ServerSpec, elicitation_id: str) -> None:
        try:
            async with self._resources.db.transaction() as session:
                found = await complete_page(session, server.name, server.id, elicitation_id)
        except (Conflict, NotFound):
            return  # somebody was quicker
        await tell_changed(self._resources.redis, [task for _, task in found])


class CallAsker:
    """Asks the owner of a run what the server of one call wants."""

    def __init__(self, resources: Resources, run: Run, call: ToolCall, sampler: Sampler) -> None:
        self._resources = resources
        self._sampler = sampler
        self._run = run
        self._call = call
        self._times: Counter[str] = Counter()
        self._open: dict[UUID, AnswerNeeded] = {}
        self.given_up: AnswerNeeded | None = None

    @property
    def open(self) -> AnswerNeeded | None:
        """The question that waits for an answer, if there is one."""
        return next(iter(self._open.values()), None)

    async def recall(self) -> None:
        """Raise AnswerNeeded while a question is open for which this call was given up."""
        needed = self._run.needed.get(self._call.tool_call_id)
        if needed is None or "question_id" not in needed.content:
            return
        if await self._find_answer(UUID(needed.content["question_id"])) is None:
            raise needed
        del self._run.needed[self._call.tool_call_id]

    async def sample(self, content: JSON, wish: Wish) -> Sample:
        """The model's answer, with the owner's consent. Raises NotSampled or AnswerNeeded."""
        asked = await self._sampler.consent(self._run, content)
        if asked is not None and (await self.ask(asked))["decision"] != "approve":
            raise NotSampled("The user does not want this server to use the model now.")
        return await self._sampler.sample(self._run, wish)

    async def ask(self, content: JSON) -> JSON:
        """The owner's answer, once it is there. Raises AnswerNeeded when it does not come soon."""
        content = {**content, "tool_call_id": self._call.tool_call_id}
        mark = hash_of(content)
        self._times[mark] += 1
        id = derived_id(
            self._run.task.id, f"asked:{self._call.tool_call_id}:{mark}:{self._times[mark]}"
        )
        question = await persist(
            self._resources.db, lambda session: self._write(session, id, content)
        )
        if question.answer is not None:
            return question.answer
        needed = AnswerNeeded("A person has to answer.", {**content, "question_id": str(id)})
        self._open[id] = needed
        await self._tell_pages()
        answer = await self._wait(id)
        if answer is None:
            self.given_up = needed
            raise needed
        await persist(self._resources.db, lambda session: resume_call(session, self._call))
        del self._open[id]
        return answer

    async def end(self) -> None:
        """The call is over: what its server did not wait for is no question any more."""
        if not self._open:
            return

        async def drop(session: AsyncSession) -> None:
            held = await hold_lease(session, self._run.task)
            await drop_questions(session, held, list(self._open))

        await persist(self._resources.db, drop)
        await self._tell_pages()

    async def _write(self, session: AsyncSession, id: UUID, content: JSON) -> Question:
        """The row of the question. While it is open, nothing that happened to the call counts."""
        held = await hold_lease(session, self._run.task)
        until = now() + timedelta(hours=self._resources.settings.approval_hours)
        question = await ask_beside(session, held, id, content, expires_at=until)
        if question.answered_at is None:
            await release_call(session, self._call)
        return question

    async def _wait(self, id: UUID) -> JSON | None:
        """The answer; None when patience ends, or the run is to stop."""
        run = self._run
        halt = run.deadline.halted() if run.deadline else contextlib.nullcontext()
        ends = (
            asyncio.get_running_loop().time() + self._resources.settings.question_patience_seconds
        )
        with halt:
            while True:
                news = run.news
                if (answer := await self._find_answer(id)) is not None:
                    return answer
                left = ends - asyncio.get_running_loop().time()
                if left <= 0 or run.is_leaving:
                    return None
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, LOOK_SECONDS)):
                        await news.wait()

    async def _find_answer(self, id: UUID) -> JSON | None:
        async def read(session: AsyncSession) -> JSON | None:
            question = await session.get(Question, id)
            return question.answer if question else None

        return await persist(self._resources.db, read)

    async def _tell_pages(self) -> None:
        if self._run.task.thread_id:
            await publish_hint(self._resources.redis, "thread", self._run.task.thread_id)
