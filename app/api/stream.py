"""What one reader of one turn is told: server-sent events with positions.

A position is `run-characters-tool_events`: how much of which run a reader has seen. A reader
that comes back with it is given what is missing, or, where that cannot be told, all again.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.core.db import JSON
from app.tasks.live import Watch
from app.tasks.parts import (
    AnyPart,
    Ended,
    LiveState,
    PageCalled,
    Snapshot,
    Started,
    Text,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)

HEARTBEAT = b": still here\n\n"
"""A comment: keeps proxies from closing a quiet stream."""


QUIET = 15.0
"""Seconds without news after which a comment is sent and the rows are looked at."""


@dataclass
class News:
    """One event of a turn. `position` is None for what a reader need not come back to."""

    event: str
    data: Mapping[str, Any]
    position: str | None = None

    def encode(self) -> bytes:
        """The event as it is sent (WHATWG HTML, 9.2)."""
        id = f"id: {self.position}\n" if self.position else ""
        return f"event: {self.event}\n{id}data: {orjson.dumps(self.data).decode()}\n\n".encode()


def picture(status: str, state: LiveState) -> dict[str, Any]:
    """Everything that a turn has shown so far."""
    tools = [
        {
            "id": tool.id,
            "name": tool.name,
            "arguments": tool.arguments,
            "output": tool.output,
            "failed": tool.failed,
            "finished": tool.finished,
            "files": files_of(tool.brought),
        }
        for tool in state.tools.values()
    ]
    return {"status": status, "text": state.text, "tools": tools}


def position(run: int, state: LiveState) -> str:
    """Where a reader stands that has seen all of `state`."""
    return f"{run}-{len(state.text)}-{_tool_events(state)}"


def missing_text(last_event_id: str | None, run: int, state: LiveState) -> str | None:
    """The text that a returning reader has not seen; None when it must see everything again."""
    seen_run, _, rest = (last_event_id or "").partition("-")
    characters, _, tool_events = rest.partition("-")
    if not characters.isdecimal() or len(characters) > 9:
        return None
    if (seen_run, tool_events) != (str(run), str(_tool_events(state))):
        return None
    return state.text[int(characters) :] if int(characters) <= len(state.text) else None


def _tool_events(state: LiveState) -> int:
    return sum(1 + tool.finished for tool in state.tools.values())


def _tool_news(part: ToolStarted | ToolProgress | ToolFinished) -> News:
    match part:
        case ToolStarted(id, name, arguments):
            return News("tool_started", {"id": id, "name": name, "arguments": arguments})
        case ToolProgress(id, text, percent):
            return News("tool_progress", {"id": id, "text": text, "percent": percent})
        case ToolFinished(id, output, failed, brought):
            told = {"id": id, "output": output, "failed": failed, "files": files_of(brought)}
            return News("tool_finished", told)


def files_of(brought: JSON) -> list[JSON]:
    """The files of a tool call that its user may have."""
    return [
        {name: file[name] for name in ("id", "name", "kind", "size")}
        | {"url": f"/api/v1/files/{file['id']}"}
        for file in brought.get("files") or ()
        if file["audience"] != "model"
    ]


class Mailbox:
    """News of a turn, gathered while its reader is slow: text that waits grows together."""

    def __init__(self) -> None:
        self.watch: Watch | None = None
        self._news: list[News] = []
        self._must_look = False
        self._wake = asyncio.Event()

    def hear(self, part: AnyPart, state: LiveState) -> None:
        """Take in a part that the live stream has just applied to `state`."""
        match part:
            case Text(text):
                self._add_text(text)
            case Started(attempt):
                self._news = [News("started", {"attempt": attempt})]
            case Snapshot():
                self._news = [News("state", picture("running", state))]
            case ToolStarted() | ToolProgress() | ToolFinished():
                self._news.append(_tool_news(part))
            case PageCalled(id, name, client):
                told = {"id": id, "name": name, "client": client}
                self._news.append(News("page_call", told))
            case Ended():
                self.look()
        if self._news and self.watch is not None:
            self._news[-1].position = position(self.watch.epoch, state)
        self._wake.set()

    def look(self) -> None:
        """Have the reader look at the rows: they say something that the live stream does not."""
        self._must_look = True
        self._wake.set()

    def _add_text(self, text: str) -> None:
        if self._news and self._news[-1].event == "text":
            self._news[-1].data = {"text": self._news[-1].data["text"] + text}
        else:
            self._news.append(News("text", {"text": text}))

    def drain(self) -> list[News]:
        """What waits to be told, now."""
        news, self._news = self._news, []
        if not self._must_look:
            self._wake.clear()
        return news

    async def take(self, patience: float) -> tuple[list[News], bool]:
        """What has been said since, and whether to look at the rows.

        Waits up to `patience` seconds for the first word; empty when nothing was said.
        """
        try:
            async with asyncio.timeout(patience):
                await self._wake.wait()
        except TimeoutError:
            return [], False
        must_look, self._must_look = self._must_look, False
        return self.drain(), must_look


async def until_look(mailbox: Mailbox, patience: float = QUIET) -> AsyncGenerator[bytes]:
    """What is said until it is time to look at the rows: for a reason, or after long silence."""
    must_look = False
    while not must_look:
        news, must_look = await mailbox.take(patience)
        for one in news:
            yield one.encode()
        if not news and not must_look:
            yield HEARTBEAT
            return
