"""One task under way in this worker, as everybody who has a hand in it sees it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from langgraph.runtime import RunControl

from app.chats.models import Step
from app.core.deadlines import Deadline
from app.mcp.caller import Caller
from app.mcp.calls import AnswerNeeded
from app.orchestrator.offline.requests import language_of
from app.sites.terms import SiteTerms
from app.tasks.models import Question, Task


@dataclass
class Run:
    """A claimed task, its thread's steps, and how far it is."""

    task: Task
    steps: list[Step]
    control: RunControl = field(default_factory=RunControl)
    answers: Sequence[Question] = ()
    """What its owner has said about its calls."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Is set once there is an answer, or a reason to wait for none; then there is another."""
    needed: dict[str, AnswerNeeded] = field(default_factory=dict)
    """What calls wait for that were given up."""
    deadline: Deadline | None = None
    """When it has taken too long."""
    text: str = ""
    said_in_round: bool = False
    used_tools: bool = False
    stopping: bool = False
    pausing: bool = False
    ending: bool = False
    lost: bool = False
    barred: bool = False
    """Its owner may not have anything done any more."""
    terms: SiteTerms | None = None
    """What holds for a visitor of a site; None for everybody else."""
    work: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Have those look again who wait for an answer."""
        self.news.set()
        self.news = asyncio.Event()

    @property
    def is_leaving(self) -> bool:
        """Whether it is to stop at its next checkpoint."""
        return self.control.drain_requested

    @property
    def language(self) -> str:
        """Which language its sentences are in."""
        return str(self.task.parameters.get("language", "en"))

    @property
    def model(self) -> str | None:
        """Which model answers; the usual one if none is named. Visitors do not choose."""
        if self.terms is not None:
            return self.terms.model
        name: str | None = self.task.parameters.get("model")
        return name

    def caller(self, tool_call_id: str) -> Caller:
        """For whom a tool is called; it answers in the language of the message, if that shows."""
        said = next((s.output for s in self.steps if s.id == self.task.message_id), "")
        return Caller(
            user_id=self.task.user_id,
            task_id=self.task.id,
            tool_call_id=tool_call_id,
            language=language_of(said, self.language),
            time_zone=self.task.parameters.get("time_zone"),
            model=self.model,
        )
