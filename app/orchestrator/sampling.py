"""A server uses the model (MCP 2025-11-25, sampling): with consent, and within a budget."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakValueDictionary

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import JSON, persist
from app.core.resources import Resources
from app.mcp.contact import NotSampled, Sample, Wish
from app.mcp.models import Decision
from app.mcp.policy import decide_sampling
from app.orchestrator.approvals import rules_for
from app.orchestrator.failures import ModelFailure
from app.orchestrator.llm import Models
from app.orchestrator.sink import SINK
from app.orchestrator.turn import Run
from app.tasks.lease import hold_lease
from app.tasks.models import Task

LONGEST_SHOWN = 4000
"""Characters of an answer that its card shows."""


@dataclass(frozen=True)
class _Spent:
    """What servers have used of the model in one task."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @classmethod
    def of(cls, task: Task) -> "_Spent":
        return cls(**task.usage.get("sampling", {}))


class Sampler:
    """Lets servers use the models of one worker."""

    def __init__(self, resources: Resources, models: Models) -> None:
        self._resources = resources
        self._models = models
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def consent(self, run: Run, content: JSON) -> JSON | None:
        """What the person is to be asked; None where a rule allows it. Raises NotSampled."""
        rules = await rules_for(self._resources, run)
        ruling = decide_sampling(content["server"], content["fingerprint"], rules)
        if ruling.decision is Decision.DENY:
            raise NotSampled("A rule forbids this server to use the model.")
        if ruling.decision is Decision.ALLOW:
            return None
        return {**content, "can_remember": ruling.is_default}

    async def sample(self, run: Run, wish: Wish) -> Sample:
        """The model's answer, counted into the usage of the task. Raises NotSampled.

        One after another within a run, for each may use what the ones before have left.
        """
        async with self._turns.setdefault(run.task.id, asyncio.Lock()):
            return await self._lend(run, wish)

    async def _lend(self, run: Run, wish: Wish) -> Sample:
        settings = self._resources.settings
        spent = _Spent.of(run.task)
        left = settings.sampling_tokens - spent.output_tokens
        if spent.requests >= settings.sampling_requests or left <= 0:
            raise NotSampled("What servers may use of the model in this task is used up.")
        spent = _Spent(spent.requests + 1, spent.input_tokens, spent.output_tokens)
        await self._note(run, spent)  # first: what is cut in the middle counts too
        answer = await self._ask(run, wish, most=min(wish.max_tokens, left))
        used = answer.usage_metadata or {"input_tokens": 0, "output_tokens": len(answer.text) // 3}
        spent = _Spent(
            spent.requests,
            spent.input_tokens + used["input_tokens"],
            spent.output_tokens + used["output_tokens"],
        )
        await self._note(run, spent)
        cut = answer.response_metadata.get("finish_reason") == "length"
        model = str(run.model or answer.response_metadata.get("model_name"))
        return Sample(text=answer.text, model=model, is_cut=cut)

    async def _ask(self, run: Run, wish: Wish, *, most: int) -> AIMessage:
        SINK.set(None)  # a session may have been opened by another run
        options: JSON = {"max_tokens": most}
        if wish.temperature is not None:
            options["temperature"] = wish.temperature
        if wish.stop:
            options["stop"] = list(wish.stop)
        try:
            model = self._models.chat_model(run.model)
            answer = await model.ainvoke(_messages(wish), **options)
        except ModelFailure as failure:
            raise NotSampled(f"The model did not answer ({failure.code}).") from failure
        return AIMessage.model_validate(answer.model_dump())

    async def _note(self, run: Run, spent: _Spent) -> None:
        usage = {**run.task.usage, "sampling": vars(spent)}

        async def write(session: AsyncSession) -> None:
            await hold_lease(session, run.task)
            await session.execute(update(Task).where(Task.id == run.task.id).values(usage=usage))

        await persist(self._resources.db, write)
        run.task.usage = usage


def usage_with_sampling(run: Run, usage: JSON | None) -> JSON:
    """What a task has used in all, with what its servers have."""
    spent = _Spent.of(run.task)
    if not spent.requests:
        return usage or {}
    own = usage or {}
    return {
        **own,
        "input_tokens": own.get("input_tokens", 0) + spent.input_tokens,
        "output_tokens": own.get("output_tokens", 0) + spent.output_tokens,
        "sampling": vars(spent),
    }


def _messages(wish: Wish) -> Sequence[BaseMessage]:
    said: list[BaseMessage] = [
        HumanMessage(each["text"]) if each["role"] == "user" else AIMessage(each["text"])
        for each in wish.messages
    ]
    return [SystemMessage(wish.system_prompt), *said] if wish.system_prompt else said
