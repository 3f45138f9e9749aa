"""How a run comes to its stop: an end, a question, a pause, another try, or a hand-over.

Whatever is written here is written first and said afterwards: who hears of a stop finds its rows.
"""

from datetime import timedelta

from app.core.bus import publish_hint
from app.core.db import JSON, persist
from app.core.errors import LeaseLost
from app.core.resources import Resources
from app.orchestrator.failures import WORTH_ANOTHER_TRY, Failure, sentence
from app.orchestrator.outcome import Outcomes, TurnEnd
from app.orchestrator.sampling import usage_with_sampling
from app.orchestrator.turn import Run
from app.tasks.lease import hand_over
from app.tasks.live import Hub
from app.tasks.models import TaskStatus
from app.tasks.parts import Ended
from app.tasks.queue import announce
from app.tasks.rest import retry_later, suspend


class Stops:
    """What ends the runs of one worker."""

    def __init__(self, resources: Resources, hub: Hub, outcomes: Outcomes) -> None:
        self._resources = resources
        self._hub = hub
        self._outcomes = outcomes

    async def ask(self, run: Run, interrupts: dict[str, JSON]) -> None:
        """Let a run wait for its owner."""
        run.ending = True
        contents = {id: {**value, "interrupt_id": id} for id, value in interrupts.items()}
        await self._outcomes.ask(run.task, contents)
        self._hub.say(run.task.id, Ended(TaskStatus.WAITING), now=True)

    async def fail(self, run: Run, code: str, status: TaskStatus = TaskStatus.FAILED) -> None:
        """End a run that went wrong, or let it be tried again where that may help."""
        if code in WORTH_ANOTHER_TRY and run.task.retries < run.task.max_retries and not run.text:
            await self._retry(run, code)
        else:
            await self.end(run, status, error_code=code)

    async def end(
        self,
        run: Run,
        status: TaskStatus,
        *,
        error_code: str | None = None,
        usage: JSON | None = None,
    ) -> None:
        """End a run for good."""
        run.ending = True
        try:
            await self._outcomes.end(
                TurnEnd(
                    task=run.task,
                    status=status,
                    text=run.text,
                    error_code=error_code,
                    sentence=_sentence(run, error_code),
                    usage={**usage_with_sampling(run, usage), "tools": run.used_tools},
                )
            )
        except LeaseLost:
            await self._forget(run)
            return
        self._hub.say(run.task.id, Ended(status), now=True)

    async def pause(self, run: Run) -> None:
        """Let a run rest until its owner resumes it."""
        run.ending = True
        try:
            await persist(self._resources.db, lambda session: suspend(session, run.task))
        except LeaseLost:
            await self._forget(run)
            return
        self._hub.say(run.task.id, Ended(TaskStatus.SUSPENDED), now=True)

    async def hand_over(self, run: Run) -> None:
        """Give a run back unfinished; the next worker goes on from its checkpoint."""
        run.ending = True
        await persist(self._resources.db, lambda session: hand_over(session, [run.task]))
        await self._hub.flush()
        self._hub.forget(run.task.id)
        await announce(self._resources.redis, [run.task.id])

    async def _retry(self, run: Run, code: str) -> None:
        run.ending = True
        delay = timedelta(seconds=self._resources.settings.retry_delay_seconds)
        why = _sentence(run, code)
        await persist(
            self._resources.db,
            lambda session: retry_later(session, run.task, code=code, sentence=why, delay=delay),
        )
        self._hub.say(run.task.id, Ended(TaskStatus.RETRYING), now=True)

    async def _forget(self, run: Run) -> None:
        self._hub.forget(run.task.id)
        if run.task.thread_id:
            await publish_hint(self._resources.redis, "thread", run.task.thread_id)


def _sentence(run: Run, code: str | None) -> str | None:
    """What the owner reads; a bug is named by the task, under which the log has its stack."""
    if code is None:
        return None
    reference = str(run.task.id)[-12:] if code == Failure.INTERNAL else None
    return sentence(code, run.language, reference=reference)
