"""The typed parts of a live stream, and what they add up to.

Parts travel as MessagePack arrays, tag first. A reader that has seen parts 0 to n - 1 has seen
the same task as every other reader that has.
"""

from typing import Any
from uuid import UUID

import msgspec

from app.core.clock import derived_id


class Part(msgspec.Struct, array_like=True, frozen=True):
    """Base of everything that a running task says while it runs."""


class Started(Part, frozen=True, tag="started"):
    """A worker begins, or begins again: what was shown of this run so far is void."""

    attempt: int


class Text(Part, frozen=True, tag="text"):
    """More text of the answer."""

    text: str


class ToolStarted(Part, frozen=True, tag="tool_started"):
    """A tool call has begun; `id` is its step's id, `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


class ToolProgress(Part, frozen=True, tag="tool_progress"):
    """How far a tool call is, in a line for people; `percent` is None where nobody knows."""

    id: str
    text: str
    percent: int | None = None


class ToolFinished(Part, frozen=True, tag="tool_finished"):
    """A tool call has ended, well or not. `brought` holds its `files` and `links`, if any."""

    id: str
    output: str
    failed: bool
    brought: dict[str, Any] = {}


class PageCalled(Part, frozen=True, tag="page_called"):
    """A function of the page waits to be carried out by the tab whose id is `client`."""

    id: str
    name: str
    client: str


class Snapshot(Part, frozen=True, tag="snapshot"):
    """All text so far, for readers that lost some of the stream."""

    text: str


class Ended(Part, frozen=True, tag="ended"):
    """The rows are written; `status` is the task's new state."""

    status: str


AnyPart = Started | Text | ToolStarted | ToolProgress | ToolFinished | PageCalled | Snapshot | Ended
encode = msgspec.msgpack.encode
decode_parts = msgspec.msgpack.Decoder(list[AnyPart]).decode


def tool_step_id(task_id: UUID, tool_call_id: str) -> UUID:
    """The id under which a tool call is shown, live and later."""
    return derived_id(task_id, f"tool:{tool_call_id}")


class LiveTool(msgspec.Struct):
    """A tool call of the running turn."""

    id: str
    name: str
    arguments: str
    output: str = ""
    failed: bool = False
    finished: bool = False
    progress: str = ""
    percent: int | None = None
    brought: dict[str, Any] = {}


class LiveState(msgspec.Struct):
    """What all parts of a task up to now add up to."""

    started: bool = False
    attempt: int = 0
    text: str = ""
    tools: dict[str, LiveTool] = {}
    ended: str | None = None

    def apply(self, part: AnyPart) -> None:
        """Take in the next part."""
        match part:
            case Started(attempt):
                self.started, self.attempt, self.ended = True, attempt, None
                self.text, self.tools = "", {}
            case Text(text):
                self.text += text
            case ToolStarted(id, name, arguments):
                self.tools[id] = LiveTool(id, name, arguments)
            case ToolProgress() | ToolFinished():
                self._apply_to_tool(part)
            case Snapshot(text):
                self.text = text
            case Ended(status):
                self.ended = status

    def _apply_to_tool(self, part: ToolProgress | ToolFinished) -> None:
        if (tool := self.tools.get(part.id)) is None:
            return
        match part:
            case ToolProgress(_, text, percent):
                tool.progress, tool.percent = text, percent
            case ToolFinished(_, output, failed, brought):
                tool.output, tool.failed, tool.finished = output, failed, True
                tool.brought = brought
