"""The live stream of a task: written by its worker, watched by any web process.

The stream `task:parts:{id}` is the truth; the `live` channel carries the same parts at once.
Every message says how many parts came before it, so a watcher that missed some reads the
stream and goes on. A late joiner, a reconnect and a lost message are one code path.
"""

import asyncio
import contextlib
from collections.abc import Callable
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from app.core.bus import publish_hint
from app.core.logs import log
from app.core.redis import LIVE, LOST, parts_key
from app.tasks.parts import (
    AnyPart,
    Ended,
    LiveState,
    Snapshot,
    Started,
    Text,
    decode_parts,
    encode,
)

TICK = 0.02
"""Seconds for which parts are gathered before the next write; a first text is not."""

TICK_PER_TEXT = 0.0003
"""The tick grows with the number of texts under way."""

LONGEST_TICK = 0.05

KEEP = 3600
"""Seconds for which a stream is kept past its task's end (seed: Redis keys)."""


class Delivery(msgspec.Struct, array_like=True):
    """What one tick says about one task. `epoch` is the fence of the run that speaks."""

    task_id: UUID
    epoch: int
    before: int
    parts: msgspec.Raw


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Delivery]).decode


class Hub:
    """All live streams of one worker: one write to Redis per tick for all of them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._dirty: dict[UUID, list[AnyPart]] = {}
        self._written: dict[UUID, int] = {}
        self._epochs: dict[UUID, int] = {}
        self._wake = asyncio.Event()
        self._hurry = False

    def begin(self, task_id: UUID, epoch: int, attempt: int) -> None:
        """A run starts to speak; what an earlier run said is void."""
        self._epochs[task_id] = epoch
        self._written[task_id] = 0
        self.say(task_id, Started(attempt), now=True)

    def text(self, task_id: UUID, text: str) -> None:
        """More text of the answer; the first of a run goes out at once."""
        parts = self._dirty.get(task_id)
        if parts and isinstance(parts[-1], Text):
            parts[-1] = Text(parts[-1].text + text)
            return
        self.say(task_id, Text(text), now=self._written.get(task_id, 0) <= 1)

    def say(self, task_id: UUID, part: AnyPart, *, now: bool = False) -> None:
        """Add a part; it is written with the next tick, or at once."""
        if task_id not in self._epochs:
            return
        self._dirty.setdefault(task_id, []).append(part)
        self._hurry = self._hurry or now
        self._wake.set()

    def forget(self, task_id: UUID) -> None:
        """The run is over or lost: nothing more of it is said."""
        for known in (self._dirty, self._written, self._epochs):
            known.pop(task_id, None)

    async def run(self) -> None:
        """Write until cancelled. While Redis is away parts merge and wait."""
        while True:
            await self._wake.wait()
            if not self._hurry:
                await asyncio.sleep(min(TICK + TICK_PER_TEXT * len(self._epochs), LONGEST_TICK))
            self._wake.clear()
            self._hurry = False
            await self.flush()

    async def flush(self) -> None:
        """Write what has gathered: an entry per task that is kept, one message that is fast."""
        dirty, self._dirty = self._dirty, {}
        deliveries: list[Delivery] = []
        pipe = self._redis.pipeline(transaction=False)
        for task_id, parts in dirty.items():
            before, epoch = self._written[task_id], self._epochs[task_id]
            raw = msgspec.Raw(encode(parts))
            deliveries.append(Delivery(task_id, epoch, before, raw))
            key = parts_key(task_id)
            if before == 0:
                pipe.delete(key)
            pipe.xadd(key, {b"d": _encode(deliveries[-1])})
            if before == 0 or isinstance(parts[-1], Ended):
                pipe.expire(key, KEEP)
        pipe.publish(LIVE, _encode(deliveries))
        try:
            await pipe.execute()
        except LOST:
            self._put_back(dirty)
            await asyncio.sleep(0.2)
            return
        for delivery, parts in zip(deliveries, dirty.values(), strict=True):
            if delivery.task_id not in self._epochs:
                continue
            self._written[delivery.task_id] += len(parts)
            if isinstance(parts[-1], Ended):
                self.forget(delivery.task_id)

    def _put_back(self, dirty: dict[UUID, list[AnyPart]]) -> None:
        for task_id, parts in dirty.items():
            if task_id in self._epochs:
                self._dirty[task_id] = parts + self._dirty.get(task_id, [])
        self._wake.set()

    def resend(self, task_id: UUID, text: str) -> None:
        """A watcher lost a piece of the stream for good: say all text again."""
        self.say(task_id, Snapshot(text), now=True)


Listener = Callable[[AnyPart, LiveState], None]


class Watch:
    """One task as one listener sees it."""

    def __init__(self, live: "Live", task_id: UUID, listener: Listener) -> None:
        self.task_id = task_id
        self.state = LiveState()
        self.seen = 0
        self.epoch = 0
        self.whole = True
        """Whether `state` holds everything that was said: false after a loss in the stream."""
        self._live = live
        self._listener: Listener | None = None
        self._wanted = listener

    def take(self, delivery: Delivery) -> bool:
        """Apply a delivery. False means: there is a gap before it, nothing was applied."""
        if delivery.epoch < self.epoch:
            return True
        if delivery.epoch > self.epoch:
            if delivery.before > 0:
                return False
            self.epoch, self.seen, self.whole = delivery.epoch, 0, True
        if delivery.before > self.seen:
            return False
        parts: list[AnyPart] = decode_parts(delivery.parts)
        for part in parts[self.seen - delivery.before :]:
            self._apply(part)
        return True

    def jump(self, delivery: Delivery) -> None:
        """Go on after a loss that nothing can mend but a snapshot."""
        self.epoch, self.seen, self.whole = delivery.epoch, delivery.before, False
        self.state.started = True
        self.take(delivery)

    def _apply(self, part: AnyPart) -> None:
        self.seen += 1
        if isinstance(part, Snapshot | Started):
            self.whole = True
        if isinstance(part, Text) and not self.whole:
            return
        self.state.apply(part)
        if self._listener is not None:
            self._listener(part, self.state)

    def listen(self) -> None:
        """From now on the listener hears each further part."""
        self._listener = self._wanted

    def close(self) -> None:
        """Stop watching."""
        self._listener = None
        self._live.drop(self)


class Live:
    """Every watch of one web process, fed by its one subscription."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._watches: dict[UUID, list[Watch]] = {}
        self._catching: set[asyncio.Task[None]] = set()

    async def watch(self, task_id: UUID, listener: Listener) -> Watch:
        """Watch a task: the returned watch's state holds all that was said so far.

        Each later part is applied to the state and then given to `listener`, in order and once,
        without an await in between.
        """
        watch = Watch(self, task_id, listener)
        self._watches.setdefault(task_id, []).append(watch)
        try:
            await self._catch_up(watch)
        except BaseException:
            self.drop(watch)
            raise
        watch.listen()
        return watch

    def drop(self, watch: Watch) -> None:
        """Forget a watch."""
        with contextlib.suppress(KeyError, ValueError):
            self._watches[watch.task_id].remove(watch)
            if not self._watches[watch.task_id]:
                del self._watches[watch.task_id]

    def heard(self, message: bytes) -> None:
        """Take a message of the `live` channel."""
        for delivery in _decode(message):
            for watch in tuple(self._watches.get(delivery.task_id, ())):
                if not watch.take(delivery):
                    self._mend(watch)

    def lost(self) -> None:
        """Messages may have been missed: every watch reads its stream."""
        for watches in tuple(self._watches.values()):
            for watch in watches:
                self._mend(watch)

    def _mend(self, watch: Watch) -> None:
        task = asyncio.create_task(self._catch_up(watch))
        self._catching.add(task)
        task.add_done_callback(self._catching.discard)

    async def _catch_up(self, watch: Watch) -> None:
        try:
            entries = await self._redis.xrange(parts_key(watch.task_id))
        except LOST:
            log.warning("live_stream_unreadable", task_id=str(watch.task_id))
            return
        for _, fields in entries:
            delivery = msgspec.msgpack.decode(fields[b"d"], type=Delivery)
            if not watch.take(delivery):
                watch.jump(delivery)
        if not watch.whole:
            await publish_hint(self._redis, "resend", watch.task_id)
