"""GET /tasks/{id}/events: follow a turn as server-sent events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Send

from app.api.deps import Caller, CallerNow, may
from app.api.errors import documented
from app.api.questions import QuestionView
from app.api.stream import HEARTBEAT, Mailbox, News, missing_text, picture, position, until_look
from app.chats.models import Step, StepKind
from app.chats.service import list_task_steps
from app.core.db import persist
from app.core.errors import NotFound, Unauthenticated
from app.tasks.models import OPEN, Question, Task, TaskStatus
from app.tasks.parts import LiveState, LiveTool
from app.tasks.questions import list_open_questions
from app.tasks.service import get_task
from app.users.permissions import Permission
from app.users.sessions import list_ended

router = APIRouter(
    prefix="/tasks",
    tags=["tasks"],
    responses=documented(404),
    dependencies=[may(Permission.TASKS_READ)],
)

ABOUT = """\
`state` (first: `status`, `text` so far, `tools`; again whenever what was shown is to be
replaced), then `started` (a run begins: what was shown of the turn is void), `text` (more text),
`tool_started`, `tool_progress`, `tool_finished`, `question` (the turn waits for you) and at last
`ended` (`status`, `error_code`, `error`), after which the stream closes.
"""


class EventStream(StreamingResponse):
    """A stream of events that lets go of what it holds as soon as its reader is gone."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        super().__init__(events, headers={"X-Accel-Buffering": "no"})
        self._events = events

    async def stream_response(self, send: Send) -> None:
        """Send the events; close their source however this ends."""
        async with aclosing(self._events):
            await super().stream_response(send)


@dataclass(frozen=True)
class Rows:
    """What the rows say about a turn."""

    status: TaskStatus
    run: int
    is_open: bool
    error_code: str | None = None
    error: str | None = None
    state: LiveState = field(default_factory=LiveState)
    questions: list[Question] = field(default_factory=list)

    @property
    def end(self) -> News:
        """The last event of a turn that has ended."""
        data = {"status": self.status, "error_code": self.error_code, "error": self.error}
        return News("ended", data, _end_position(self.run))


def _end_position(run: int) -> str:
    return f"{run}-ended"


@router.get(
    "/{task_id}/events",
    operation_id="follow_task",
    response_class=Response,
    responses={
        200: {
            "description": ABOUT,
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        204: {"description": "`Last-Event-ID` is that of `ended`: there is nothing to come."},
    },
)
async def follow_task(
    task_id: UUID,
    caller: CallerNow,
    last_event_id: Annotated[
        str | None, Header(description="The `id` of the last event that was read.")
    ] = None,
) -> Response:
    """Follow a turn: what it has shown so far, then all else as it comes."""
    async with caller.transaction() as session:
        task: Task = await get_task(session, caller.user_id, task_id)
    if not task.is_open and last_event_id == _end_position(task.fence):
        return Response(status_code=204)
    return EventStream(_follow(caller, task, last_event_id))


async def _follow(caller: Caller, task: Task, last_event_id: str | None) -> AsyncGenerator[bytes]:
    signed_in, mailbox = caller.signed_in, Mailbox()
    watch = mailbox.watch = await caller.live.watch(task.id, mailbox.hear)
    concerns = (task.thread_id, signed_in.session_id, signed_in.user_id)
    with (
        closing(watch),
        caller.readers.reading(mailbox, *concerns),
        suppress(Unauthenticated),
    ):
        rows = await _read_rows(caller, task.id)
        mailbox.drain()
        shown = watch.state if _is_of_this_run(watch.state, rows) else rows.state
        yield _beginning(rows, shown, last_event_id, watch.epoch)
        asked: set[UUID] = set()
        while rows.is_open:
            for question in _new_questions(rows, asked):
                yield question
            async with aclosing(until_look(mailbox)) as events:
                async for event in events:
                    shown = watch.state
                    yield event
            rows = await _read_rows(caller, task.id)
        untold = mailbox.drain()
        for event in _end(rows, watch.state if untold else shown, untold):
            yield event


def _is_of_this_run(state: LiveState, rows: Rows) -> bool:
    """Whether the live stream tells more than the rows: not if it is of a turn's earlier end."""
    return rows.is_open and state.started and (state.ended is None or state.ended in OPEN)


def _beginning(rows: Rows, shown: LiveState, last_event_id: str | None, run: int) -> bytes:
    missing = missing_text(last_event_id, run, shown) if rows.is_open else None
    if missing is None:
        return News("state", picture(rows.status, shown), position(run, shown)).encode()
    if missing:
        return News("text", {"text": missing}, position(run, shown)).encode()
    return HEARTBEAT


def _end(rows: Rows, shown: LiveState, untold: list[News]) -> list[bytes]:
    """The last events of a turn. The rows have the last word on what it says."""
    news = untold
    if rows.state.text != shown.text:
        news = [News("state", picture(rows.status, rows.state))]
    return [one.encode() for one in (*news, rows.end)]


def _new_questions(rows: Rows, asked: set[UUID]) -> list[bytes]:
    new = [question for question in rows.questions if question.id not in asked]
    asked.update(question.id for question in new)
    views = [QuestionView.model_validate(question) for question in new]
    return [News("question", view.model_dump(mode="json")).encode() for view in views]


async def _read_rows(caller: Caller, task_id: UUID) -> Rows:
    """The rows of a turn, read as soon as the database answers.

    Raises Unauthenticated once the session is over with which the turn is followed.
    """
    session_id = caller.signed_in.session_id

    async def read(session: AsyncSession) -> Rows:
        if await list_ended(session, {session_id}):
            raise Unauthenticated("This session is over.")
        task = await get_task(session, caller.user_id, task_id)
        questions = await list_open_questions(session, caller.user_id)
        return Rows(
            status=task.status,
            run=task.fence,
            is_open=task.is_open,
            error_code=task.error_code,
            error=task.error,
            state=_written(await list_task_steps(session, task_id)),
            questions=[question for question in questions if question.task_id == task_id],
        )

    try:
        return await persist(caller.resources.db, read)
    except NotFound:
        return Rows(status=TaskStatus.CANCELLED, run=0, is_open=False)


def _written(steps: list[Step]) -> LiveState:
    """What the rows hold of a turn, in the form of its live stream."""
    answers = [s.output for s in steps if s.kind is StepKind.ASSISTANT_MESSAGE]
    tools = {
        str(s.id): LiveTool(
            str(s.id), s.name, s.input, s.output, s.is_error, s.ended_at is not None
        )
        for s in steps
        if s.kind is StepKind.TOOL
    }
    return LiveState(started=bool(steps), text="\n\n".join(answers), tools=tools)
