"""Runs one task to its next stop: an end, a question, or a hand-over to another worker."""

import asyncio
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.errors import GraphDrained, GraphRecursionError
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot

from app.agents.catalogue import OFFLINE_NAME
from app.chats.models import StepKind
from app.core.db import JSON, is_away
from app.core.deadlines import Deadline
from app.core.errors import LeaseLost
from app.core.kept import Kept
from app.core.logs import log
from app.core.resources import Resources
from app.mcp.calls import AnswerNeeded
from app.mcp.sessions import ToolServers
from app.orchestrator.asking import Completions
from app.orchestrator.attached import read_attached
from app.orchestrator.brought import brought_in
from app.orchestrator.calling import Calls
from app.orchestrator.checkpoints import TurnSaver
from app.orchestrator.failures import Failure, ModelFailure
from app.orchestrator.functions import offered_to, shown_by_page
from app.orchestrator.history import build_history, said_in, usage_of
from app.orchestrator.llm import Models
from app.orchestrator.outcome import Outcomes
from app.orchestrator.sampling import Sampler
from app.orchestrator.sink import LANGUAGE, SINK
from app.orchestrator.stops import Stops
from app.orchestrator.toolbox import CALLS, absent_tool, toolbox
from app.orchestrator.turn import Run
from app.tasks.kinds import TIMEOUTS
from app.tasks.lease import MOST_ATTEMPTS
from app.tasks.live import Hub
from app.tasks.models import Question, Task, TaskStatus
from app.tasks.parts import ToolFinished, ToolStarted
from app.tasks.questions import list_answers
from graphs import GRAPHS
from graphs.middleware import TooManyModelCalls
from graphs.prompts import on_site

Graph = CompiledStateGraph[Any, Any, Any, Any]

MOST_KEPT = 200
"""Compiled graphs that a worker keeps: one for each model and each set of tools in use."""


class Orchestrator:
    """What all runs of a worker share: graphs, models, tools, the live hub, the saver."""

    def __init__(
        self, resources: Resources, hub: Hub, models: Models, servers: ToolServers
    ) -> None:
        self._resources = resources
        self._hub = hub
        self._models = models
        self._servers = servers
        self._saver = TurnSaver(resources.db)
        self._outcomes = Outcomes(resources)
        self._stops = Stops(resources, hub, self._outcomes)
        self._calls = Calls(resources, hub, servers, self._outcomes, Sampler(resources, models))
        self._completions = Completions(resources, servers)
        self._toolboxes: Kept[list[BaseTool]] = Kept(MOST_KEPT)
        self._graphs: Kept[Graph] = Kept(MOST_KEPT)

    async def warm(self) -> None:
        """Think once for nobody: what is built at first use is then there for the first turn."""
        self._models.chat_model()
        tools = toolbox(self._servers.list_tools())
        graph: Graph = GRAPHS["conversation"](self._models.chat_model(OFFLINE_NAME), tools)
        await graph.ainvoke({"messages": [HumanMessage("Hello")]})

    async def run(self, run: Run) -> None:
        """Take a claimed task to its next stop. Never raises but when it is cancelled."""
        task = run.task
        self._hub.begin(task.id, task.fence, task.attempts)
        self._say_finished_calls(run)
        try:
            if task.stop_requested_at is not None:
                await self._stops.end(run, TaskStatus.CANCELLED)
            elif problem := _problem(run):
                await self._stops.fail(run, problem)
            else:
                await self._think(run)
        except asyncio.CancelledError:
            await self._cancelled(run)
        except LeaseLost:
            log.warning("lease_lost", task_id=str(task.id), fence=task.fence)
            self._hub.forget(task.id)
        except Exception as error:  # noqa: BLE001 - a bug of one run must not end the worker
            if is_away(error):
                log.warning("run_interrupted", task_id=str(task.id))
                await self._stops.hand_over(run)
            else:
                log.exception("run_failed", task_id=str(task.id))
                await self._stops.fail(run, Failure.INTERNAL)

    async def _think(self, run: Run) -> None:
        try:
            async with asyncio.timeout(self._limit(run.task)) as limit:
                run.deadline = Deadline(limit)
                result = await self._invoke(run)
        except GraphDrained:
            await (self._stops.pause(run) if run.pausing else self._stops.hand_over(run))
        except TimeoutError:
            await self._stops.fail(run, Failure.TIMEOUT, TaskStatus.TIMEOUT)
        except (TooManyModelCalls, GraphRecursionError):
            await self._stops.fail(run, Failure.GOING_IN_CIRCLES)
        except AnswerNeeded as needed:
            await self._stops.ask(run, {"attached": needed.content})
        except ModelFailure as failure:
            log.warning(
                "model_failed",
                task_id=str(run.task.id),
                code=failure.code,
                detail=failure.detail,
            )
            await self._stops.fail(run, failure.code)
        else:
            if interrupts := result.get("__interrupt__"):
                await self._stops.ask(run, {i.id: i.value for i in interrupts})
            else:
                await self._stops.end(
                    run, TaskStatus.COMPLETED, usage=usage_of(result["messages"], run.task.id)
                )

    def _limit(self, task: Task) -> int:
        """Seconds that a run may take: what was asked for, or what its kind usually may."""
        most = self._resources.settings.task_timeout_seconds
        usual = most if task.kind == "conversation" else TIMEOUTS.get(task.kind, most)
        return task.timeout_seconds or usual

    async def _invoke(self, run: Run) -> dict[str, Any]:
        task = run.task
        self._servers.wake(task.user_id)
        graph = self._graph(run)
        config: RunnableConfig = {
            "configurable": {
                "thread_id": str(task.id),
                "fence": task.fence,
                "fresh": task.fence == 1,
            },
            "recursion_limit": 200,
        }
        start = await self._start(run, graph, config)
        SINK.set(lambda text: self._say(run, text))
        LANGUAGE.set(run.language)
        CALLS.set(lambda call: self._calls.make(run, call))
        result: dict[str, Any] = await graph.ainvoke(
            start, config, durability="sync", control=run.control
        )
        return result

    async def _start(
        self, run: Run, graph: Graph, config: RunnableConfig
    ) -> dict[str, Any] | Command[Any] | None:
        """What the graph is given: the thread, or nothing (go on), or a person's answers."""
        if run.task.fence > 1:
            async with self._resources.db.transaction() as session:
                run.answers = await list_answers(session, run.task.id)
        state = await graph.aget_state(config) if run.task.fence > 1 else None
        if state is None or not state.next:
            alone = run.task.schedule_id is not None  # each run of a schedule begins afresh
            attached = await read_attached(self._resources, self._servers, run)
            messages = build_history(
                run.steps, run.task.id, attached=attached, alone=alone, page=shown_by_page(run)
            )
            return {"messages": messages}
        for message in said_in(state.values["messages"], run.task.id):
            if isinstance(message, AIMessage) and message.text:
                self._say(run, message.text)
                run.said_in_round = False
        replies = await self._replies(run.answers, state, config)
        return Command(resume=replies) if replies else None

    async def _replies(
        self, answered: Sequence[Question], state: StateSnapshot, config: RunnableConfig
    ) -> dict[str, JSON]:
        """A person's answers that the graph has not taken yet, by interrupt.

        A call may have been asked about more than once; each answer counts once.
        """
        taken = await self._saver.count_resumes(config)
        replies: dict[str, JSON] = {}
        for node in state.tasks:
            for asked in node.interrupts:
                answers = [q.answer for q in answered if q.content["interrupt_id"] == asked.id]
                given = taken.get(node.id, 0)
                if len(answers) > given:
                    replies[asked.id] = answers[given] or {}
        return replies

    def _graph(self, run: Run) -> Graph:
        """The compiled graph for kind of task, model, a site's terms and the tools of now; kept."""
        task, terms = run.task, run.terms
        offered = offered_to(self._resources, self._hub, self._servers, run)
        by_rule = "command" in task.parameters
        model = self._models.chat_model(OFFLINE_NAME if by_rule else run.model)
        version = (offered.version, terms)
        tools = self._toolboxes.get(version, lambda: toolbox(offered.list_tools()))
        build = GRAPHS.get(task.kind, GRAPHS["conversation"])
        more = {"prompt": on_site(terms.site_name, terms.instructions)} if terms else {}
        return self._graphs.get(
            (task.kind, id(model), version),
            lambda: build(model, tools, absent=absent_tool, checkpointer=self._saver, **more),
        )

    def _say_finished_calls(self, run: Run) -> None:
        """What an earlier run of this task did belongs to the live stream of this one."""
        for step in run.steps:
            if step.task_id == run.task.id and step.kind is StepKind.TOOL:
                id = str(step.id)
                self._hub.say(run.task.id, ToolStarted(id, step.name, step.input))
                finished = ToolFinished(id, step.output, step.is_error, brought_in(step.details))
                self._hub.say(run.task.id, finished)

    def _say(self, run: Run, text: str) -> None:
        if not run.said_in_round and run.text:
            text = "\n\n" + text
        run.said_in_round = True
        run.text += text
        self._hub.text(run.task.id, text)

    async def _cancelled(self, run: Run) -> None:
        """Somebody ended this run from outside: its owner, a shutdown, or a lost lease."""
        if (current := asyncio.current_task()) is not None:
            current.uncancel()
        if run.stopping:
            await self._stops.end(run, TaskStatus.CANCELLED)
        elif run.barred:
            await self._stops.fail(run, Failure.NOT_ALLOWED)
        elif run.lost:
            self._hub.forget(run.task.id)
        elif run.pausing:
            await self._stops.pause(run)
        else:
            await self._stops.hand_over(run)


def _problem(run: Run) -> Failure | None:
    """Why a run is not even begun, if it is not."""
    if run.barred:
        return Failure.NOT_ALLOWED
    return Failure.POISONOUS if run.task.attempts > MOST_ATTEMPTS else None
