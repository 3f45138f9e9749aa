"""One MCP server: the task that keeps a session with it, and calls through that session.

One task opens the session, keeps it and closes it, for anyio wants all three in the same task.
When the session is lost the task opens another; who calls meanwhile waits a while for it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from mcp import ClientSession, McpError, types

from app.core.db import JSON
from app.core.errors import Unavailable
from app.core.logs import log
from app.mcp.results import ToolOutcome, read_result
from app.mcp.transports import OPEN_SECONDS, Connect

_WAIT_SECONDS = 30.0
_PING_SECONDS = 10.0
_TELL_SECONDS = 2.0
_STOP_SECONDS = 6.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0

_NOT_SENT = (anyio.ClosedResourceError, anyio.BrokenResourceError)
"""What sending raises when the session was over before: the server never saw the request."""


class NoAnswer(Unavailable):
    """The call was sent and nothing came back: it may have been carried out."""


class ServerStopped(NoAnswer):
    """There is no answer because the server went away; another has been started."""


class Server:
    """A server by its name, its session while there is one, and the tools it last offered."""

    def __init__(self, name: str, connect: Connect, on_change: Callable[[], None]) -> None:
        self.name = name
        self.tools: list[types.Tool] = []
        self._connect = connect
        self._on_change = on_change
        self._session: ClientSession | None = None
        self._open = asyncio.Event()
        self._news = asyncio.Event()
        self._stopping = False
        self._waiting: set[asyncio.Timeout] = set()
        self._owner: asyncio.Task[None] | None = None
        self._telling: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to keep a session open."""
        self._owner = asyncio.create_task(self._keep_open(), name=f"mcp:{self.name}")

    async def stop(self) -> None:
        """Close the session; what does not let itself be closed is cut off after a moment."""
        self._stopping = True
        self._lose(self._session)
        if self._owner is not None:
            await asyncio.wait({self._owner}, timeout=_STOP_SECONDS)
            self._owner.cancel()
            await asyncio.wait({self._owner})

    async def opened(self) -> ClientSession:
        """The session, once there is one. Raises Unavailable after a while without."""
        if self._session is None:
            self._news.set()
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                while self._session is None:
                    await self._open.wait()
        except TimeoutError:
            raise Unavailable(f"The tool server “{self.name}” does not answer.") from None
        return self._session

    async def call(
        self, tool: str, arguments: JSON, seconds: float, *, meta: JSON | None = None
    ) -> ToolOutcome:
        """Call a tool once: what was surely never sent goes to the next session.

        Raises NoAnswer when the call may have been carried out, Unavailable when it was not.
        """
        told = types.RequestParams.Meta.model_validate(meta) if meta else None
        call = types.CallToolRequestParams(name=tool, arguments=arguments, _meta=told)
        session = await self.opened()
        try:
            return await self._send(session, call, seconds)
        except _NOT_SENT:
            self._lose(session)
        try:
            return await self._send(await self.opened(), call, seconds)
        except _NOT_SENT:
            raise Unavailable(f"The tool server “{self.name}” does not stay up.") from None

    async def _send(
        self, session: ClientSession, call: types.CallToolRequestParams, seconds: float
    ) -> ToolOutcome:
        tool = call.name
        request = types.ClientRequest(types.CallToolRequest(params=call))
        number = session._request_id  # told nowhere else; nothing is awaited before its use
        try:
            async with self._deadline(seconds):
                return read_result(await session.send_request(request, types.CallToolResult))
        except TimeoutError:
            if session is not self._session:
                raise self._stopped_during(tool) from None
            self._tell_cancelled(session, number)
            raise NoAnswer(f"“{tool}” did not answer within {seconds:g} seconds.") from None
        except asyncio.CancelledError:
            self._tell_cancelled(session, number)
            raise
        except McpError as error:
            if error.error.code != types.CONNECTION_CLOSED:
                return ToolOutcome(error.error.message, failed=True)
            self._lose(session)
            raise self._stopped_during(tool) from None
        except ValueError:
            return ToolOutcome(f"“{tool}” answered something unreadable.", failed=True)

    @asynccontextmanager
    async def _deadline(self, seconds: float) -> AsyncIterator[None]:
        """TimeoutError after `seconds`, or as soon as the session is over."""
        async with asyncio.timeout(seconds) as deadline:
            self._waiting.add(deadline)
            try:
                yield
            finally:
                self._waiting.discard(deadline)

    def _end_waiting(self) -> None:
        """No answer comes from a session that is over; the SDK does not tell all who wait."""
        for deadline in self._waiting:
            if not deadline.expired():
                deadline.reschedule(0)

    def _stopped_during(self, tool: str) -> ServerStopped:
        return ServerStopped(f"The tool server “{self.name}” stopped during “{tool}”.")

    def _tell_cancelled(self, session: ClientSession, number: int) -> None:
        """MCP 2025-11-25, cancellation: version 1 of the SDK leaves it to us."""
        task = asyncio.create_task(_tell(session, number))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _lose(self, session: ClientSession | None) -> None:
        """Give this session up, unless there is a newer one already."""
        if session is self._session:
            self._session = None
            self._open.clear()
            self._news.set()

    async def _keep_open(self) -> None:
        pause = _SHORTEST_PAUSE
        while not self._stopping:
            try:
                async with self._connect(self._hear) as session:
                    await self._learn_tools(session)
                    self._session = session
                    self._open.set()
                    pause = _SHORTEST_PAUSE
                    await self._attend(session)
            except Exception as error:  # noqa: BLE001 - a foreign program may break a session in any way
                log.warning("tool_server_lost", server=self.name, reason=_reason(error))
            self._lose(self._session)
            self._end_waiting()
            await self._rest(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _attend(self, session: ClientSession) -> None:
        """Learn new tools when told, and ask an idle server now and then whether it lives."""
        while self._session is session:
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                if not self._waiting:
                    async with asyncio.timeout(_PING_SECONDS):
                        await session.send_ping()
                continue
            self._news.clear()
            if self._session is session:
                await self._learn_tools(session)

    async def _rest(self, seconds: float) -> None:
        """Pause before the next try; shorter when somebody wants to call."""
        if self._stopping:
            return
        await asyncio.sleep(_SHORTEST_PAUSE)
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    async def _learn_tools(self, session: ClientSession) -> None:
        found: list[types.Tool] = []
        cursor: str | None = None
        async with asyncio.timeout(OPEN_SECONDS):
            while True:
                page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
                found += page.tools
                cursor = page.nextCursor
                if not cursor:
                    break
        if found != self.tools:
            self.tools = found
            self._on_change()

    async def _hear(self, message: object) -> None:
        if isinstance(message, types.ServerNotification) and isinstance(
            message.root, types.ToolListChangedNotification
        ):
            self._news.set()


async def _tell(session: ClientSession, number: int) -> None:
    notification = types.CancelledNotification(
        params=types.CancelledNotificationParams(requestId=number, reason="cancelled")
    )
    with contextlib.suppress(TimeoutError, *_NOT_SENT):
        async with asyncio.timeout(_TELL_SECONDS):
            await session.send_notification(types.ClientNotification(notification))


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
