"""Who hears of a call while it runs, and who is asked in its midst."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mcp.shared.session import ProgressFnT

from app.core.db import JSON
from app.mcp.calls import AnswerNeeded


class NotSampled(Exception):
    """The model is not lent; the sentence tells the server why."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a server wants of the model; `messages` have a `role` and a `text`."""

    messages: Sequence[JSON]
    system_prompt: str
    max_tokens: int
    temperature: float | None = None
    stop: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What the model said; `is_cut` where it had no more tokens."""

    text: str
    model: str
    is_cut: bool = False


class Asker(Protocol):
    """Asks the person for whom one call is made."""

    @property
    def open(self) -> AnswerNeeded | None:
        """The question that waits for an answer, if there is one."""

    @property
    def given_up(self) -> AnswerNeeded | None:
        """The question that nobody answered soon; the call has to be made again."""

    async def ask(self, content: JSON) -> JSON:
        """The answer, once it is there. Raises AnswerNeeded when it does not come soon."""

    async def sample(self, content: JSON, wish: Wish) -> Sample:
        """The model's answer. Raises NotSampled; AnswerNeeded when no consent comes soon."""


Progress = ProgressFnT
"""Is told how far a call is: how much is done, of how much if that is known, and in words."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Who hears of a call while it runs, and who asks a person in its midst."""

    progress: Progress | None = None
    asker: Asker | None = None


ALONE = Contact()
"""Of a call that tells nobody anything and asks nobody."""
