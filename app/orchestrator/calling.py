"""The tool calls of a run: allowed first, made once, and shown in the thread."""

from dataclasses import replace
from uuid import UUID

import orjson

from app.chats.models import StepKind
from app.core.clock import now
from app.core.db import JSON
from app.core.resources import Resources
from app.mcp.calls import AnswerNeeded, ToolCall
from app.mcp.contact import Contact
from app.mcp.executor import execute, refuse
from app.mcp.offered import Offered
from app.mcp.policy import mark_of
from app.mcp.sessions import ToolOutcome, ToolServers
from app.orchestrator.approvals import NotAllowed, Said, allowed_arguments
from app.orchestrator.asking import CallAsker
from app.orchestrator.brought import Brought, brought_in
from app.orchestrator.functions import offered_to
from app.orchestrator.outcome import Outcomes
from app.orchestrator.progress import CallProgress
from app.orchestrator.sampling import Sampler
from app.orchestrator.toolbox import CallRequest
from app.orchestrator.turn import Run
from app.tasks.live import Hub
from app.tasks.models import Task
from app.tasks.parts import ToolFinished, ToolStarted, tool_step_id


class Calls:
    """What a worker's runs make their tool calls through."""

    def __init__(
        self,
        resources: Resources,
        hub: Hub,
        servers: ToolServers,
        outcomes: Outcomes,
        sampler: Sampler,
    ) -> None:
        self._resources = resources
        self._sampler = sampler
        self._hub = hub
        self._servers = servers
        self._outcomes = outcomes

    async def make(self, run: Run, request: CallRequest) -> ToolOutcome:
        """Make one tool call, exactly once, and show it in the thread."""
        run.said_in_round = False
        run.used_tools = True
        call = ToolCall(
            task_id=run.task.id,
            fence=run.task.fence,
            tool_call_id=request.tool_call_id,
            name=request.name,
            arguments=request.arguments,
            caller=run.caller(request.tool_call_id),
            user_id=run.task.user_id,
        )
        refusal = ""
        tools = offered_to(self._resources, self._hub, self._servers, run)
        try:
            call = await self._allowed(run, call, tools)
        except NotAllowed as error:
            refusal = str(error)
        step_id = tool_step_id(run.task.id, request.tool_call_id)
        arguments = orjson.dumps(call.arguments, option=orjson.OPT_INDENT_2).decode()
        began = now()
        self._hub.say(run.task.id, ToolStarted(str(step_id), request.name, arguments), now=True)
        if run.task.in_background:
            await self._outcomes.progress(run.task, step=request.name)
        if refusal:
            outcome = await refuse(self._resources, call, tools, refusal)
        else:
            outcome = await self._execute(run, call, step_id, tools)
        shown = outcome.more.get("shown", outcome.text)
        brought = brought_in(outcome.more)
        values = {
            "id": step_id,
            "name": request.name,
            "input": arguments,
            "output": shown,
            "is_error": outcome.failed,
            "created_at": began,
            "details": {"tool_call_id": request.tool_call_id, **brought},
        }
        if shown != outcome.text:
            values["details"]["told"] = outcome.text
        await self._show(run.task, values)
        finished = ToolFinished(str(step_id), shown, outcome.failed, brought)
        self._hub.say(run.task.id, finished, now=True)
        return outcome

    async def _show(self, task: Task, values: JSON) -> None:
        """Write the step of a finished call."""
        step = {"thread_id": task.thread_id, "task_id": task.id, "kind": StepKind.TOOL}
        await self._outcomes.tool_step(task, {**step, "ended_at": now(), **values})

    async def _execute(
        self, run: Run, call: ToolCall, step_id: UUID, tools: Offered
    ) -> ToolOutcome:
        asker = CallAsker(self._resources, run, call, self._sampler)
        await asker.recall()
        try:
            outcome = await execute(
                self._resources,
                call,
                tools,
                settled=Said(run.answers).settlements(call.tool_call_id),
                contact=Contact(
                    progress=CallProgress(run.task, step_id, call.name, self._hub, self._outcomes),
                    asker=asker,
                ),
                keeping=Brought(self._resources, tools, run.task),
            )
        except AnswerNeeded as needed:
            run.needed[call.tool_call_id] = needed
            raise
        await asker.end()
        return outcome

    async def _allowed(self, run: Run, call: ToolCall, tools: Offered) -> ToolCall:
        """The call as it may be made: see `allowed_arguments`. Of no other tool of that name."""
        tool = await tools.find_soon(call.name)
        if tool is None:
            return replace(call, approved="")  # the executor says that there is none
        arguments = await allowed_arguments(
            self._resources, run, tool, call.tool_call_id, call.arguments
        )
        return replace(call, arguments=arguments, approved=mark_of(tool))
