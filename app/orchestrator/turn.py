"""One task under way in this worker, as everybody who has a hand in it sees it."""

import asyncio
from dataclasses import dataclass, field

from langgraph.runtime import RunControl

from app.chats.models import Step
from app.tasks.models import Task


@dataclass
class Run:
    """A claimed task, its thread's steps, and how far it is."""

    task: Task
    steps: list[Step]
    control: RunControl = field(default_factory=RunControl)
    text: str = ""
    said_in_round: bool = False
    used_tools: bool = False
    stopping: bool = False
    pausing: bool = False
    ending: bool = False
    lost: bool = False
    work: asyncio.Task[None] | None = None

    @property
    def language(self) -> str:
        """Which language its sentences are in."""
        return str(self.task.parameters.get("language", "en"))
