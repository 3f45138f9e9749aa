"""A session that is kept: one task opens it, keeps it and closes it, and opens another when lost.

anyio wants all three in the same task. Who calls while there is no session waits a while for one.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from mcp import ClientSession, McpError, types

from app.core.deadlines import Deadline
from app.core.errors import AppError, Unavailable
from app.core.logs import log
from app.mcp.asking import Asking
from app.mcp.discovery import read_tools
from app.mcp.faults import BROKEN, NOT_SENT, REFUSED, leaf, sentence_of, sign_in_needed, state_of
from app.mcp.models import ServerState, Transport
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.offers import Offers, read_offers
from app.mcp.transports import OPEN_SECONDS, Connect, Ears, Opened
from app.mcp.words import plain_line

_WAIT_SECONDS = 30.0
_WAIT_FOR_REFUSED = 5.0
_PING_SECONDS = 10.0
_STOP_SECONDS = 6.0
_LEARN_SECONDS = 1.0
_OFFERS_SECONDS = 15.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0
_LOGGED_PER_MINUTE = 60
_CHANGED = (
    types.ToolListChangedNotification,
    types.PromptListChangedNotification,
    types.ResourceListChangedNotification,
)
_OURS = {NOT_SENT, BROKEN, REFUSED, types.CONNECTION_CLOSED}


class Keeper:
    """The session with one server while there is one, what it offered last, and how it was found.

    `offers` is what there is beside tools; None until it was asked.
    `changed` is told of other tools, `noted` of another state, sentence or transport; `said` of a
    line that the server wants logged, with its level.
    """

    def __init__(
        self,
        name: str,
        connect: Connect,
        *,
        changed: Callable[[], None],
        noted: Callable[[], None],
        asking: Asking,
    ) -> None:
        self.name = name
        self.tools: list[types.Tool] = []
        self.offers: Offers | None = None
        self.state = ServerState.UNKNOWN
        self.sentence = ""
        self.transport: Transport | None = None
        self.session: ClientSession | None = None
        self.sign_in: SignInNeeded | None = None
        """Set where the server has refused us: somebody has to sign in, so nothing is tried."""
        self.used_at = time.monotonic()
        self.said: Callable[[str, str], None] = lambda level, text: None
        self._connect = connect
        self._changed = changed
        self._noted = noted
        self._asking = asking
        self._open = asyncio.Event()
        self._news = asyncio.Event()
        self._stopping = False
        self._waiting: set[asyncio.Timeout] = set()
        self._owner: asyncio.Task[None] | None = None
        self._logged: list[float] = []

    def start(self) -> None:
        """Begin to keep a session open, or go on doing so."""
        self.used_at = time.monotonic()
        self._stopping = False
        if self._owner is None or self._owner.done():
            self.sign_in = None
            self._owner = asyncio.create_task(self._keep_open(), name=f"mcp:{self.name}")

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self._waiting)

    @property
    def is_kept(self) -> bool:
        """Whether there is a session, or one is being opened."""
        return self._owner is not None and not self._owner.done()

    async def stop(self) -> None:
        """Close the session; what does not let itself be closed is cut off after a moment."""
        self._stopping = True
        self.lose(self.session)
        self._news.set()
        owner = self._owner
        if owner is None:
            return
        await asyncio.wait({owner}, timeout=_STOP_SECONDS)
        if self._stopping:
            owner.cancel()
            await asyncio.wait({owner}, timeout=_STOP_SECONDS)

    async def opened(self) -> ClientSession:
        """The session, once there is one. Raises Unavailable after a while without.

        Raises SignInNeeded as soon as the server wants to know who asks.
        """
        self.start()
        if self.session is None:
            self._news.set()
        soon = asyncio.get_running_loop().time() + _WAIT_FOR_REFUSED
        try:
            async with asyncio.timeout(_WAIT_SECONDS) as limit:
                while self.session is None:
                    if self.sign_in is not None:
                        raise SignInNeeded(self.sign_in.scopes)
                    if self.state is ServerState.REFUSED:
                        limit.reschedule(soon)
                    await self._open.wait()
        except TimeoutError:
            why = f" {self.sentence}" if self.state is not ServerState.CONNECTED else ""
            raise Unavailable(f"The tool server “{self.name}” does not answer.{why}") from None
        return self.session

    def lose(self, session: ClientSession | None) -> None:
        """Give this session up, unless there is a newer one already."""
        if session is self.session:
            self.session = None
            self._open.clear()
            self._news.set()

    @asynccontextmanager
    async def deadline(self, seconds: float) -> AsyncIterator[Deadline]:
        """TimeoutError after `seconds`, or as soon as the session is over."""
        self.used_at = time.monotonic()
        async with asyncio.timeout(seconds) as deadline:
            self._waiting.add(deadline)
            try:
                yield Deadline(deadline)
            finally:
                self._waiting.discard(deadline)
                self.used_at = time.monotonic()

    def _end_waiting(self) -> None:
        """No answer comes from a session that is over; the SDK does not tell all who wait."""
        for deadline in self._waiting:
            if not deadline.expired():
                deadline.reschedule(0)

    async def _keep_open(self) -> None:
        pause = _SHORTEST_PAUSE
        while not self._stopping:
            try:
                self._asking.begin()
                ears = Ears(self._hear, self._log, self._asking)
                async with self._connect(ears) as opened:
                    await self._begin(opened)
                    pause = _SHORTEST_PAUSE
                    if not self._stopping:
                        await self._attend(opened.session)
            except Exception as error:  # noqa: BLE001 - a foreign program may break a session in any way
                why = leaf(error)
                log.warning("tool_server_lost", server=self.name, reason=f"{type(why).__name__}")
                if not self._stopping:
                    self._note(state_of(error), sentence_of(error))
                    self._want_sign_in(sign_in_needed(error))
            self.lose(self.session)
            self._end_waiting()
            if self.sign_in is not None:
                return
            await self._rest(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _begin(self, opened: Opened) -> None:
        limits = await self._learn_tools(opened.session)
        self.session = opened.session
        self._open.set()
        self.transport = opened.transport
        self._note(ServerState.CONNECTED, " ".join(filter(None, (opened.why, limits))))

    async def _attend(self, session: ClientSession) -> None:
        """Learn new tools when told, and ask an idle server now and then whether it lives."""
        learned = time.monotonic()
        await self._learn_offers(session)
        while self.session is session:
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                if not self._waiting:
                    await _ping(session)
                continue
            self._news.clear()
            if self.session is session:
                await asyncio.sleep(max(0.0, learned + _LEARN_SECONDS - time.monotonic()))
                limits = await self._learn_tools(session)
                await self._learn_offers(session)
                learned = time.monotonic()
                if limits:
                    self._note(ServerState.CONNECTED, limits)

    async def _rest(self, seconds: float) -> None:
        """Pause before the next try; shorter when somebody wants to call."""
        if self._stopping:
            return
        await asyncio.sleep(_SHORTEST_PAUSE)
        if not self._stopping:
            self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    async def _learn_tools(self, session: ClientSession) -> str:
        async with asyncio.timeout(OPEN_SECONDS):
            found, limits = await read_tools(session)
        if found != self.tools:
            self.tools = found
            self._changed()
        return limits

    def _want_sign_in(self, needed: SignInNeeded | None) -> None:
        """No further try helps before somebody has signed in. Who waits looks how it stands."""
        self.sign_in = needed
        self._open.set()
        self._open.clear()

    async def _learn_offers(self, session: ClientSession) -> None:
        """What it offers beside tools; nothing that a session depends on."""
        try:
            async with asyncio.timeout(_OFFERS_SECONDS):
                found = await read_offers(session)
        except TimeoutError:
            log.warning("tool_server_offers_late", server=self.name)
            return
        if found != self.offers:
            self.offers = found
            self._noted()

    def _note(self, state: ServerState, sentence: str) -> None:
        if (state, sentence) != (self.state, self.sentence):
            self.state, self.sentence = state, sentence
            self._noted()

    async def _hear(self, message: object) -> None:
        if isinstance(message, types.ServerNotification) and isinstance(message.root, _CHANGED):
            self._news.set()
        elif isinstance(message, types.ServerNotification) and isinstance(
            message.root, types.ElicitCompleteNotification
        ):
            self._asking.completed(message.root.params.elicitationId)
        elif isinstance(message, httpx.HTTPError | AppError):
            log.warning("tool_server_broke_off", server=self.name, error=type(message).__name__)
            self.lose(self.session)

    async def _log(self, params: types.LoggingMessageNotificationParams) -> None:
        """What a server wants logged: for who looks after it. Our own log gets no foreign text."""
        at = time.monotonic()
        self._logged = [t for t in self._logged if t > at - 60]
        if len(self._logged) < _LOGGED_PER_MINUTE:
            self._logged.append(at)
            text = plain_line(str(params.data)[:500])
            log.info("tool_server_said", server=self.name, level=params.level, length=len(text))
            self.said(params.level, text)


async def _ping(session: ClientSession) -> None:
    """Raises when the server is gone. One that knows no ping is there all the same."""
    try:
        async with asyncio.timeout(_PING_SECONDS):
            await session.send_ping()
    except McpError as error:
        if error.error.code in _OURS:
            raise
