"""One MCP server: calls through the session that its keeper keeps, and a breaker before them."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import anyio
from mcp import ClientSession, McpError, types
from mcp.shared.session import ProgressFnT

from app.core.db import JSON
from app.core.errors import Unavailable
from app.mcp.breaker import Breaker
from app.mcp.faults import BROKEN, NOT_SENT, REFUSED, TOO_LARGE
from app.mcp.keeper import Keeper
from app.mcp.results import ToolOutcome, read_result
from app.mcp.spec import ServerSpec
from app.mcp.transports import Connect
from app.mcp.words import plain

_TELL_SECONDS = 2.0

_CLOSED = (anyio.ClosedResourceError, anyio.BrokenResourceError)
"""What sending raises when the session was over before: the server never saw the request."""

Progress = ProgressFnT
"""Is told how far a call is: how much is done, of how much if that is known, and in words."""


class NoAnswer(Unavailable):
    """The call was sent and nothing came back: it may have been carried out."""


class ServerStopped(NoAnswer):
    """There is no answer because the server went away; another has been started.

    Of all calls that one end of a session cut off, one `counts` as a failure.
    """

    def __init__(self, message: str, *, counts: bool = True) -> None:
        super().__init__(message)
        self.counts = counts


class _NotSent(Exception):
    """The server never saw the request; the next session may take it."""


class _Unreadable(Exception):
    """There is an answer, and it is not what MCP asks for."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call: the server's own name of the tool, and how long its answer may take."""

    tool: str
    arguments: JSON
    seconds: float
    meta: JSON | None = None
    progress: Progress | None = None


class Server:
    """A server as it was specified, what it offers, and calls to it."""

    def __init__(
        self,
        spec: ServerSpec,
        connect: Connect,
        *,
        changed: Callable[["Server"], None],
        noted: Callable[["Server"], None],
    ) -> None:
        self.spec = spec
        self.keeper = Keeper(
            spec.name, connect, changed=lambda: changed(self), noted=lambda: noted(self)
        )
        self.breaker = Breaker(spec.name, lambda: noted(self))
        self._blamed: ClientSession | None = None
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def key(self) -> UUID | str:
        """What tells it from all others."""
        return self.spec.key

    async def call(self, request: Request) -> ToolOutcome:
        """Call a tool once: what was surely never sent goes to the next session.

        Raises NoAnswer when the call may have been carried out, Unavailable when it was not.
        """
        self.breaker.enter()
        failed: bool | None = None
        try:
            outcome = await self._call(request)
            failed = False
        except _Unreadable:
            failed = True
            return ToolOutcome(f"“{request.tool}” answered something unreadable.", failed=True)
        except Unavailable as error:
            failed = None if isinstance(error, ServerStopped) and not error.counts else True
            raise
        finally:
            self.breaker.leave(failed=failed)
        return outcome

    async def _call(self, request: Request) -> ToolOutcome:
        session = await self.keeper.opened()
        try:
            return await self._send(session, request)
        except _NotSent:
            self.keeper.lose(session)
        try:
            return await self._send(await self.keeper.opened(), request)
        except _NotSent:
            raise Unavailable(f"The tool server “{self.spec.name}” does not stay up.") from None

    async def _send(self, session: ClientSession, request: Request) -> ToolOutcome:
        tool = request.tool
        told = types.RequestParams.Meta.model_validate(request.meta) if request.meta else None
        call = types.CallToolRequestParams(name=tool, arguments=request.arguments, _meta=told)
        number = session._request_id  # told nowhere else; nothing is awaited before its use
        try:
            async with self.keeper.deadline(request.seconds):
                result = await session.send_request(
                    types.ClientRequest(types.CallToolRequest(params=call)),
                    types.CallToolResult,
                    progress_callback=request.progress,
                )
        except TimeoutError:
            if session is not self.keeper.session:
                raise self._stopped_during(session, tool) from None
            self._tell_cancelled(session, number)
            raise NoAnswer(f"“{tool}” did not answer within {request.seconds:g} seconds.") from None
        except asyncio.CancelledError:
            self._tell_cancelled(session, number)
            raise
        except McpError as error:
            return self._refused(session, tool, error.error)
        except ValueError:
            raise _Unreadable from None
        except _CLOSED:
            raise _NotSent from None
        return read_result(result)

    def _refused(self, session: ClientSession, tool: str, error: types.ErrorData) -> ToolOutcome:
        """An error as the tool's own answer; raises where the server itself failed."""
        name, said = self.spec.name, plain(error.message)[:2000]
        match error.code:
            case types.CONNECTION_CLOSED if error.message == "Connection closed":
                self.keeper.lose(session)
                raise self._stopped_during(session, tool)
            case code if code == NOT_SENT:
                raise _NotSent
            case code if code == BROKEN:
                raise ServerStopped(f"The tool server “{name}” broke off during “{tool}”. {said}")
            case code if code == REFUSED:
                raise Unavailable(f"The tool server “{name}” did not take the call. {said}")
            case code if code == TOO_LARGE:
                return ToolOutcome(f"The answer of “{tool}” is too large. {said}", failed=True)
        return ToolOutcome(said, failed=True)

    def _stopped_during(self, session: ClientSession, tool: str) -> ServerStopped:
        first, self._blamed = self._blamed is not session, session
        sentence = f"The tool server “{self.spec.name}” stopped during “{tool}”."
        return ServerStopped(sentence, counts=first)

    def _tell_cancelled(self, session: ClientSession, number: int) -> None:
        """MCP 2025-11-25, cancellation: version 1 of the SDK leaves it to us."""
        task = asyncio.create_task(_tell(session, number))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


async def _tell(session: ClientSession, number: int) -> None:
    notification = types.CancelledNotification(
        params=types.CancelledNotificationParams(requestId=number, reason="cancelled")
    )
    with contextlib.suppress(TimeoutError, *_CLOSED):
        async with asyncio.timeout(_TELL_SECONDS):
            await session.send_notification(types.ClientNotification(notification))
