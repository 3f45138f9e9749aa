"""One MCP server: calls through the session that its keeper keeps, and a breaker before them."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from uuid import UUID

import anyio
from mcp import ClientSession, McpError, types

from app.core.db import JSON
from app.core.errors import Unavailable
from app.mcp.asked import pages_of
from app.mcp.asking import Asking, UnderWay
from app.mcp.breaker import Breaker
from app.mcp.contact import ALONE, Contact
from app.mcp.faults import BROKEN, NOT_SENT, REFUSED, SIGN_IN, TOO_LARGE
from app.mcp.keeper import Keeper
from app.mcp.long_calls import LONGEST_SECONDS, call_long
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.results import ToolOutcome, read_result
from app.mcp.spec import ServerSpec
from app.mcp.transports import Connect
from app.mcp.words import plain

_TELL_SECONDS = 2.0
_MOST_ROUNDS = 5

_CLOSED = (anyio.ClosedResourceError, anyio.BrokenResourceError)
"""What sending raises when the session was over before: the server never saw the request."""


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


class _PagesFirst(Exception):
    """The call was not carried out: a person has to visit `pages` first."""

    def __init__(self, said: str, pages: list[JSON]) -> None:
        super().__init__(f"{said} The user has not been there.")
        self.pages = pages


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call: the server's own name of the tool, and how long its answer may take."""

    tool: str
    arguments: JSON
    seconds: float
    meta: JSON | None = None
    user_id: UUID | None = None
    contact: Contact = ALONE
    is_long: bool = False


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
        self.asking = Asking(spec)
        self.keeper = Keeper(
            spec.name,
            connect,
            changed=lambda: changed(self),
            noted=lambda: noted(self),
            asking=self.asking,
        )
        self.breaker = Breaker(spec.name, lambda: noted(self))
        self._blamed: ClientSession | None = None
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def key(self) -> UUID | str:
        """What tells it from all others."""
        return self.spec.key

    def seconds_for(self, *, is_long: bool, usual: float) -> float:
        """How long a call may take: what the server was registered with, or as tasks take."""
        if is_long:
            return LONGEST_SECONDS
        return usual if self.spec.id is None else self.spec.timeout_seconds

    async def call(self, request: Request) -> ToolOutcome:
        """Call a tool once: what was surely never sent goes to the next session.

        Raises NoAnswer when the call may have been carried out, Unavailable when it was not,
        AnswerNeeded when it waits for a person, after whose answer it is to be made again, and
        SignInNeeded when it was not because somebody has to sign in first.
        """
        asker = request.contact.asker
        async with self.asking.turn(request.user_id):
            try:
                outcome = await self._after_pages(request)
            except NoAnswer:
                if asker is not None and asker.open is not None:
                    raise asker.open from None
                raise
        if asker is not None and asker.given_up is not None:
            raise asker.given_up
        return outcome

    async def _after_pages(self, request: Request) -> ToolOutcome:
        """The call, made again once its person has been on the pages that it needs first."""
        for _ in range(_MOST_ROUNDS):
            try:
                return await self._guarded(request)
            except _PagesFirst as first:
                if not await self._visit(first.pages, request):
                    return ToolOutcome(str(first), failed=True)
        return ToolOutcome(f"“{request.tool}” wants ever more pages to be visited.", failed=True)

    async def _visit(self, pages: Sequence[JSON], request: Request) -> bool:
        """Whether the person of a call has been on all of these pages."""
        asker = request.contact.asker
        if asker is None or not pages:
            return False
        about = self.asking.about(request.tool, "elicitation")
        for page in pages:
            if (await asker.ask({**about, **page}))["action"] != "accept":
                return False
        return True

    async def _guarded(self, request: Request) -> ToolOutcome:
        """One call, if the breaker lets it through, which is told how it went."""
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
        if self.asking.is_spoilt(session, request.user_id):
            self.keeper.lose(session)
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
        asker = request.contact.asker
        number = session._request_id  # told nowhere else; nothing is awaited before its use
        try:
            async with self.keeper.deadline(request.seconds) as deadline:
                sent = UnderWay(session, number, tool, request.user_id, asker, deadline)
                with self.asking.under_way(sent):
                    result = await self._result(sent, call, request)
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

    async def _result(
        self, sent: UnderWay, call: types.CallToolRequestParams, request: Request
    ) -> types.CallToolResult:
        progress = request.contact.progress
        if request.is_long:
            return await call_long(
                sent, call, request.seconds, progress=progress, later=self._do_later
            )
        return await sent.session.send_request(
            types.ClientRequest(types.CallToolRequest(params=call)),
            types.CallToolResult,
            progress_callback=progress,
        )

    def _refused(self, session: ClientSession, tool: str, error: types.ErrorData) -> ToolOutcome:
        """An error as the tool's own answer; raises where the server itself failed."""
        name, said = self.spec.name, plain(error.message)[:2000]
        match error.code:
            case types.CONNECTION_CLOSED if error.message == "Connection closed":
                self.keeper.lose(session)
                raise self._stopped_during(session, tool)
            case code if code == NOT_SENT:
                raise _NotSent
            case code if code == SIGN_IN:
                raise SignInNeeded(error.data or ())
            case code if code == BROKEN:
                raise ServerStopped(f"The tool server “{name}” broke off during “{tool}”. {said}")
            case code if code == REFUSED:
                raise Unavailable(f"The tool server “{name}” did not take the call. {said}")
            case types.URL_ELICITATION_REQUIRED:
                raise _PagesFirst(said, pages_of(error.data, self.asking.private))
            case code if code == TOO_LARGE:
                return ToolOutcome(f"The answer of “{tool}” is too large. {said}", failed=True)
        return ToolOutcome(said, failed=True)

    def _stopped_during(self, session: ClientSession, tool: str) -> ServerStopped:
        first, self._blamed = self._blamed is not session, session
        sentence = f"The tool server “{self.spec.name}” stopped during “{tool}”."
        return ServerStopped(sentence, counts=first)

    def offer_roots(self, roots: tuple[str, ...]) -> None:
        """Let the server know of these folders from now on."""
        if roots != self.asking.roots:
            self.asking.roots = roots
            if (session := self.keeper.session) is not None:
                self._do_later(_send(session, types.RootsListChangedNotification()))

    def _tell_cancelled(self, session: ClientSession, number: int) -> None:
        """MCP 2025-11-25, cancellation: version 1 of the SDK leaves it to us."""
        self._do_later(_tell(session, number))

    def _do_later(self, telling: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


async def _tell(session: ClientSession, number: int) -> None:
    params = types.CancelledNotificationParams(requestId=number, reason="cancelled")
    await _send(session, types.CancelledNotification(params=params))


async def _send(session: ClientSession, notification: types.ClientNotificationType) -> None:
    with contextlib.suppress(TimeoutError, *_CLOSED):
        async with asyncio.timeout(_TELL_SECONDS):
            await session.send_notification(types.ClientNotification(notification))
