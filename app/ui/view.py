"""One thread as its open pages show it.

All pages of this process that show one thread to one user share a picture. It is drawn from rows
and live parts; whenever either changes it is drawn again, and the pages are told the difference.
Only text goes another way: piece by piece, as it comes.

Rows are read when a page opens and when somebody hints at a change. What this process knows
anyway (a message that it accepted, a part that it heard) is drawn without reading.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from app.core.resources import Resources
from app.tasks.live import Live, Watch
from app.tasks.models import TaskStatus
from app.tasks.parts import AnyPart, Ended, LiveState, Snapshot, Started, Text
from app.turns.service import Accepted, Incoming, ThreadRows, Turns, load_thread
from app.ui import wire
from app.ui.expected import new_thread, new_turn
from app.ui.picture import Picture, difference, draw, thread_shape
from app.ui.shapes import Shape, answer_id

PAUSE = 0.04
"""Seconds between two pieces of one text; the first goes at once."""

PAUSE_PER_TEXT = 0.0003
"""The pause grows with the number of texts under way, so that a full house stays even."""

OWN_HINT = 2.0
"""Seconds within which the hint at a message that was accepted here is expected."""


@dataclass
class Stage:
    """What all views of a process share. `refresh` has a view's rows read again, soon."""

    resources: Resources
    live: Live
    turns: Turns
    refresh: Callable[["ThreadView"], None]
    growing: set[UUID] = field(default_factory=set)

    @property
    def pause(self) -> float:
        """Seconds between two pieces of one text."""
        return max(PAUSE, len(self.growing) * PAUSE_PER_TEXT)


class ThreadView:
    """The pages of this process that show one thread to one user."""

    def __init__(self, stage: Stage, user_id: UUID, thread_id: UUID) -> None:
        self.user_id = user_id
        self.thread_id = thread_id
        self.room = f"{user_id}:{thread_id}"
        self._stage = stage
        self._lock = asyncio.Lock()
        self._rows: ThreadRows | None = None
        self._shown = Picture()
        self._watches: dict[UUID, Watch] = {}
        self._states: dict[UUID, LiveState] = {}
        self._patched: set[UUID] = set()
        self._timers: dict[UUID, asyncio.TimerHandle] = {}
        self._said_at: dict[UUID, float] = {}
        self._slow: set[str] = set()
        self._own_hints = 0
        self._own_until = 0.0
        self._heard_at = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether nobody looks any more."""
        return not (self._lock.locked() or self._slow) and wire.is_empty(self.room)

    @property
    def exists(self) -> bool:
        """Whether the user has this thread, as far as was read."""
        return self._rows is not None

    @property
    def last_model(self) -> str | None:
        """The model that was chosen for the newest turn."""
        tasks = self._rows.tasks if self._rows else []
        return tasks[-1].parameters.get("model") if tasks else None

    def close(self) -> None:
        """Stop watching. Only an empty view may be closed; it is not used again."""
        for task_id in list(self._states):
            self._forget(task_id)

    async def show(self, sid: str) -> None:
        """Show a page that has (re)connected everything.

        Nothing is awaited between taking the picture and handing it over: what is said to the
        room afterwards fits it exactly.
        """
        async with self._lock:
            await self._read()
            self._redraw()
            if wire.is_connected(sid):
                self._resume(sid)

    def _resume(self, sid: str) -> None:
        wire.join(sid, self.room)
        if self._rows is None:
            wire.emit("task_end", {}, sid)
            return
        # Chainlit shows Stop only after a first interaction: said later, it flickers.
        interaction = {"interaction": "resume", "thread_id": str(self.thread_id)}
        wire.emit("first_interaction", interaction, sid)
        wire.emit("resume_thread", thread_shape(self._rows.thread, self._shown), sid)
        wire.emit("task_start" if self._shown.busy else "task_end", {}, sid)

    def catch_up(self) -> None:
        """Show pages that were too slow everything, once they have taken what they were sent."""
        for sid in list(self._slow):
            if not wire.is_connected(sid):
                self._slow.discard(sid)
            elif wire.unsent(sid) == 0:
                self._slow.discard(sid)
                self._resume(sid)

    async def accept(self, incoming: Incoming) -> Accepted:
        """Store a message, and show it to all pages without reading it back.

        One at a time, so that each message that is new is followed by one hint.
        """
        async with self._lock:
            self._own_hints += 1
            self._own_until = _time() + OWN_HINT
            is_new = False
            try:
                accepted = await self._stage.turns.accept(incoming)
                is_new = accepted.is_new
            finally:
                self._own_hints -= not is_new
            if is_new:
                self._add(incoming, accepted.task_id)
                if incoming.command or incoming.wanted or incoming.text.startswith("/"):
                    self._stage.refresh(self)  # it may bring something along
            return accepted

    def _add(self, incoming: Incoming, task_id: UUID) -> None:
        if self._rows is None:
            self._rows = new_thread(incoming)
            interaction = {"interaction": incoming.text, "thread_id": str(self.thread_id)}
            self._emit("first_interaction", interaction)
        if all(task.id != task_id for task in self._rows.tasks):
            message, task = new_turn(incoming, task_id)
            self._rows.steps.append(message)
            self._rows.tasks.append(task)
        self._redraw()

    def is_news(self) -> bool:
        """Whether a hint at this thread tells more than that a message was accepted here."""
        if self._own_hints > 0 and _time() < self._own_until:
            self._own_hints -= 1
            return False
        return True

    async def refresh(self) -> None:
        """Read the rows again and tell the pages what differs."""
        async with self._lock:
            await self._read()
            self._redraw()

    async def _read(self) -> None:
        async with self._stage.resources.db.transaction() as session:
            self._rows = await load_thread(session, self.user_id, self.thread_id)
        self._heard_at = _time()
        under_way = {task.id for task in self._rows.tasks if task.is_open} if self._rows else set()
        for task_id in self._states.keys() - under_way:
            self._forget(task_id)
        for task_id in under_way - self._states.keys():
            await self._watch(task_id)

    async def watch(self, task_id: UUID) -> None:
        """Follow what is said about a task that was just accepted."""
        async with self._lock:
            if task_id not in self._states:
                await self._watch(task_id)
                self._redraw()

    async def _watch(self, task_id: UUID) -> None:
        watch = await self._stage.live.watch(task_id, partial(self._hear, task_id))
        self._watches[task_id], self._states[task_id] = watch, watch.state

    def silent_tasks(self, seconds: float) -> set[UUID]:
        """The tasks that pages see under way, if nothing was heard or read for so long."""
        if not self._shown.busy or _time() - self._heard_at < seconds:
            return set()
        self._heard_at = _time()
        return set(self._watches)

    def _forget(self, task_id: UUID) -> None:
        self._unwatch(task_id)
        self._states.pop(task_id, None)

    def _unwatch(self, task_id: UUID) -> None:
        if watch := self._watches.pop(task_id, None):
            watch.close()
        if timer := self._timers.pop(task_id, None):
            timer.cancel()
        self._said_at.pop(task_id, None)
        self._patched.discard(task_id)
        self._stage.growing.discard(task_id)

    def _hear(self, task_id: UUID, part: AnyPart, state: LiveState) -> None:
        self._heard_at = _time()
        if isinstance(part, Text):
            self._grow(task_id)
        elif isinstance(part, Ended):
            self._end(task_id, part)
        else:
            if isinstance(part, Snapshot):
                self._patched.add(task_id)
            elif isinstance(part, Started):
                self._patched.discard(task_id)
            self._redraw()

    def _end(self, task_id: UUID, part: Ended) -> None:
        """A completed turn is known from its parts; how any other stands, the rows tell."""
        self._redraw()
        whole = self._watches[task_id].whole and task_id not in self._patched
        if part.status == TaskStatus.COMPLETED and whole:
            self._unwatch(task_id)
        else:
            self._stage.refresh(self)

    def _grow(self, task_id: UUID) -> None:
        """There is more text: say it now, or together with what comes within the pause."""
        if task_id not in self._said_at:
            self._stage.growing.add(task_id)
            self._said_at[task_id] = _time()
            self._redraw()
        elif task_id not in self._timers:
            pause = self._said_at[task_id] + self._stage.pause - _time()
            loop = asyncio.get_running_loop()
            self._timers[task_id] = loop.call_later(max(pause, 0), self._say, task_id)

    def _say(self, task_id: UUID) -> None:
        self._timers.pop(task_id, None)
        step = self._shown.steps.get(answer_id(task_id))
        if step is None:
            self._redraw()
            return
        text = self._states[task_id].text
        piece, step["output"] = text[len(step["output"]) :], text
        if piece:
            self._said_at[task_id] = _time()
            token = {"id": step["id"], "token": piece, "isSequence": False, "isInput": False}
            self._emit("stream_token", token)

    def _redraw(self) -> None:
        new = draw(self._rows, self._states)
        events = list(difference(self._shown, new))
        self._shown = new
        for event, data in events:
            self._emit(event, data)

    def _emit(self, event: str, data: Shape) -> None:
        for sid in wire.emit(event, data, self.room):
            wire.leave(sid, self.room)
            self._slow.add(sid)


def _time() -> float:
    return asyncio.get_running_loop().time()
