"""How far a tool call is, as its server tells: to the page, and to the task's row, now and then."""

import time
from uuid import UUID

from app.mcp.words import plain_line, without_markup
from app.orchestrator.outcome import Outcomes
from app.tasks.live import Hub
from app.tasks.models import Task
from app.tasks.parts import ToolProgress

SHOW_SECONDS = 0.25
WRITE_SECONDS = 2.0
LONGEST_LINE = 200


class CallProgress:
    """Takes in what a server says about one call; most of it is too often to be passed on."""

    def __init__(self, task: Task, step_id: UUID, name: str, hub: Hub, outcomes: Outcomes) -> None:
        self._task = task
        self._step_id = str(step_id)
        self._name = name
        self._hub = hub
        self._outcomes = outcomes
        self._shown_at = self._written_at = float("-inf")

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        """So much is done, of so much; the last of all is always shown."""
        at = time.monotonic()
        if at < self._shown_at + SHOW_SECONDS and not (total and progress >= total):
            return
        self._shown_at = at
        percent = percent_of(progress, total)
        line = line_of(progress, total, message)
        self._hub.say(self._task.id, ToolProgress(self._step_id, line, percent), now=True)
        if self._task.in_background and at >= self._written_at + WRITE_SECONDS:
            self._written_at = at
            await self._outcomes.progress(self._task, step=f"{self._name}: {line}"[:LONGEST_LINE])


def percent_of(done: float, total: float | None) -> int | None:
    """Percent, where it can be known; servers say odd things."""
    if not total or not 0 < total < float("inf") or not 0 <= done < float("inf"):
        return None
    return min(100, round(100 * done / total))


def line_of(done: float, total: float | None, message: str | None) -> str:
    """One line for people."""
    percent = percent_of(done, total)
    amount = f"{done:g}" if percent is None else f"{percent} %"
    said = plain_line(without_markup(message or ""))
    return f"{amount} · {said}"[:LONGEST_LINE] if said else amount
