"""What a page shows of a tool call: the call itself, how far it is, and what it brought."""

from app.chats.models import StepKind
from app.core.clock import derived_id
from app.core.db import JSON
from app.tasks.parts import LiveTool
from app.ui.shapes import Shape, Turn, bearer_step, blank_step, card, moment


def tool_step(turn: Turn, tool: LiveTool) -> Shape:
    """A tool call as the live parts tell it."""
    at = moment(turn.task.started_at or turn.task.created_at)
    return {
        **blank_step(tool.id, StepKind.TOOL.value, tool.name, str(turn.task.id)),
        "threadId": str(turn.task.thread_id),
        "input": tool.arguments,
        "showInput": "json",
        "output": tool.output,
        "isError": tool.failed,
        "createdAt": at,
        "start": at,
        "end": at if tool.finished or turn.is_over else None,
    }


def progress_step(turn: Turn, tool: LiveTool) -> Shape:
    """The empty message below a tool call under way that bears how far it is."""
    at = moment(turn.task.started_at or turn.task.created_at)
    return bearer_step(turn, _progress_step_id(turn, tool), at)


def _progress_step_id(turn: Turn, tool: LiveTool) -> str:
    return str(derived_id(turn.task.id, f"progress:{tool.id}"))


def progress_card(turn: Turn, tool: LiveTool) -> Shape:
    """How far a tool call is, as its server tells; `percent` is None where nobody knows."""
    props = {"tool": tool.name, "line": tool.progress, "percent": tool.percent}
    id = derived_id(turn.task.id, f"far:{tool.id}")
    return card(turn, id, "Progress", _progress_step_id(turn, tool), props)


def brought_step(turn: Turn, tool: Shape) -> Shape:
    """The empty message below a tool call that bears what it brought."""
    return bearer_step(turn, _brought_step_id(turn, tool), tool["createdAt"])


def _brought_step_id(turn: Turn, tool: Shape) -> str:
    return str(derived_id(turn.task.id, f"brought:{tool['id']}"))


def brought_card(turn: Turn, tool: Shape, brought: JSON) -> Shape:
    """Images, audio, files and links of a tool call, as far as they are for a person."""
    kept = ("id", "name", "kind", "size", "whole")
    files = [
        {name: file[name] for name in kept if name in file}
        for file in brought.get("files") or ()
        if file["audience"] != "model"
    ]
    props = {"tool": tool["name"], "files": files, "links": brought.get("links") or []}
    id = derived_id(turn.task.id, f"files:{tool['id']}")
    return card(turn, id, "Files", _brought_step_id(turn, tool), props)
