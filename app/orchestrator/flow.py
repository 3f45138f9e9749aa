"""Where a tool call would take what this chat knows: nothing goes to a new place unasked.

A model may believe a text that tells it to send something somewhere. So a call that is allowed
otherwise is asked about all the same, where it

* names a host or a mail address that the user did not name and no approved call of this chat used,
* passes on what another server's tool or a memory said to a server that got no approved call yet,
* writes a memory after something from elsewhere was read in this chat.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.chats.models import Attachment, StepKind
from app.core.db import JSON, persist
from app.core.resources import Resources
from app.mcp.hosts import destinations, is_named, plainly
from app.mcp.models import ToolExecution
from app.mcp.tools import BUILT_IN, RemoteTool
from app.orchestrator.turn import Run
from app.tasks.models import Question, QuestionKind, Task

PASSAGE = 40
"""Characters in one piece that are taken for a passage of another text."""

_MOST_RESULTS = 200
_MOST_COMPARED = 20_000
_STEP = 8
_SHORT = 16
_WORD = re.compile(r"[\w+/=.~-]{16,}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[tT][\d:.]+(?:[zZ]|[+-][\d:]+)?")
_WRITES_MEMORIES = "remember"


@dataclass(frozen=True)
class Doubt:
    """Why a call is asked about although it would be allowed; empty where nothing is doubtful."""

    hosts: Sequence[str] = ()
    """New places that the call names."""
    sources: Sequence[str] = ()
    """Servers whose words it passes on."""
    is_influenced: bool = False
    """Whether something from elsewhere was read before a memory is written."""

    def __bool__(self) -> bool:
        return bool(self.hosts or self.sources or self.is_influenced)


@dataclass(frozen=True)
class _Known:
    """What this chat has done so far: approved questions, and what tools answered."""

    approved: Sequence[Question]
    results: Sequence[ToolExecution]
    not_by_a_person: frozenset[UUID]
    """Tasks of the chat whose message a tool or a schedule wrote."""
    attached: bool
    """Whether a message brought something along that a server offers."""

    @property
    def has_read(self) -> bool:
        """Whether something from elsewhere was read in this chat."""
        return self.attached or any(each.server != BUILT_IN for each in self.results)


async def find_doubt(
    resources: Resources, run: Run, tool: RemoteTool, arguments: JSON, *, is_ruled: bool
) -> Doubt:
    """What speaks against a call that may be allowed; `is_ruled`: a rule is about the tool."""
    if tool.server == BUILT_IN and tool.server_id is None:
        if is_ruled or tool.remote_name != _WRITES_MEMORIES:
            return Doubt()
        known = await persist(resources.db, lambda session: _look(session, run))
        return Doubt(is_influenced=known.has_read)
    named, pieces = destinations(arguments), _pieces(orjson.dumps(arguments).decode())
    if not (named or pieces):
        return Doubt()
    known = await persist(resources.db, lambda session: _look(session, run))
    said = _said_by_the_user(run, known)
    return Doubt(
        hosts=_new_hosts(tool, arguments, known, said),
        sources=_passed_on(tool, [p for p in pieces if plainly(p) not in said], known),
    )


async def _look(session: AsyncSession, run: Run) -> _Known:
    task = run.task
    here: ColumnElement[bool] = Task.id == task.id
    if task.thread_id is not None:
        here = Task.thread_id == task.thread_id
    questions = await session.scalars(
        select(Question)
        .join(Task, Task.id == Question.task_id)
        .where(here, Task.user_id == task.user_id, Question.kind == QuestionKind.APPROVAL)
        .where(Question.answered_at.is_not(None))
    )
    approved = [q for q in questions if (q.answer or {}).get("decision") == "approve"]
    results = await session.scalars(
        select(ToolExecution)
        .join(Task, Task.id == ToolExecution.task_id)
        .where(here, Task.user_id == task.user_id)
        .order_by(ToolExecution.created_at.desc())
        .limit(_MOST_RESULTS)
    )
    others = await session.scalars(
        select(Task.id).where(here, or_(Task.parent_id.is_not(None), Task.schedule_id.is_not(None)))
    )
    messages = [step.id for step in run.steps if step.kind is StepKind.USER_MESSAGE]
    attached = await session.scalar(
        select(Attachment.id).where(Attachment.message_id.in_(messages)).limit(1)
    )
    return _Known(approved, list(results), frozenset(others), attached is not None)


def _new_hosts(tool: RemoteTool, arguments: JSON, known: _Known, said: str) -> list[str]:
    before = {host for each in known.approved for host in destinations(_allowed(each))}
    new = [
        host for host in destinations(arguments) if host not in before and not is_named(host, said)
    ]
    return [] if new and _only_follows(tool, arguments, known) else new


def _only_follows(tool: RemoteTool, arguments: JSON, known: _Known) -> bool:
    """Whether a tool that reads is given an address of its own server's answers, and no more."""
    own = [each.output or "" for each in known.results if each.server == tool.server]
    return tool.read_only and all(
        not isinstance(value, dict | list)
        and (len(str(value)) < _SHORT or any(str(value) in output for output in own))
        for value in arguments.values()
    )


def _said_by_the_user(run: Run, known: _Known) -> str:
    """The user's own words in this chat; what a tool or a schedule wrote is nobody's word."""
    own = [
        step.output
        for step in run.steps
        if step.kind is StepKind.USER_MESSAGE and step.task_id not in known.not_by_a_person
    ]
    return plainly("\n".join(own))


def _allowed(question: Question) -> JSON:
    """The arguments that a person said yes to."""
    found: JSON = (question.answer or {}).get("arguments") or question.content["arguments"]
    return found


def _passed_on(tool: RemoteTool, pieces: Sequence[str], known: _Known) -> list[str]:
    """Other servers whose words these are, unless calls to this one were approved here."""
    if any(each.content.get("server") == tool.server for each in known.approved):
        return []
    sources = {
        each.server
        for each in known.results
        if each.server != tool.server and each.output
        for output in [orjson.dumps(each.output).decode()]
        if any(piece in output for piece in pieces)
    }
    return sorted(sources)


def _pieces(text: str) -> list[str]:
    """What would give away that a text was taken from another: keys, numbers, passages."""
    text = text[:_MOST_COMPARED]
    telling = [word for word in _WORD.findall(text) if _is_telling(word)]
    passages = [text[at : at + PASSAGE] for at in range(0, len(text) - PASSAGE + 1, _STEP)]
    return [*telling, *passages]


def _is_telling(word: str) -> bool:
    """Whether a long word has letters and digits, as keys and account numbers have."""
    has_both = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
    return has_both and not _MOMENT.fullmatch(word)
