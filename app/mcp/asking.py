"""What a server asks in the midst of a call: whose call it is about, and what comes back.

MCP 2025-11-25, elicitation. Only one over Streamable HTTP shows by itself which call it is about.
With the others it is about the call that is under way; where calls of several users are, nobody
is shown anything, and from then on the server has the calls of one user at a time.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import anyio
from mcp import ClientSession, McpError, types
from mcp.shared.context import RequestContext

from app.core.db import JSON
from app.core.deadlines import Deadline
from app.core.errors import Unavailable
from app.core.logs import log
from app.mcp.asked import elicited, listed, sampled
from app.mcp.calls import AnswerNeeded
from app.mcp.contact import Asker, NotSampled, Wish
from app.mcp.forms import NoForm
from app.mcp.gate import Gate
from app.mcp.spec import ServerSpec

_LAST_SECONDS = 2.0
"""How long a call that is given up may take to end by itself."""

_WAIT_FOR_OTHERS = 300.0
_MOST_STOPS = 8
_MOST_AT_ONCE, _MOST_ASKED = 10, 100
_REJECTED = -1
"""JSON-RPC error of a request that a person refused (MCP: sampling)."""

T = TypeVar("T")
_MOST_NOTED = 1000

_Context = RequestContext[ClientSession, Any]
_NOBODY = types.ErrorData(
    code=types.INVALID_REQUEST,
    message="Nobody can be asked: whose call it is, is not clear, or it has asked too much.",
)


@dataclass(eq=False)
class UnderWay:
    """A call that has been sent and is not answered yet."""

    session: ClientSession
    number: int
    tool: str
    user_id: UUID | None
    asker: Asker | None
    deadline: Deadline
    asks: set[asyncio.Task[Any]] = field(default_factory=set)
    asked: int = 0

    def may_ask(self) -> bool:
        """Whether its server may ask once more: few things at once, and not without end."""
        self.asked += 1
        return len(self.asks) < _MOST_AT_ONCE and self.asked <= _MOST_ASKED


class Asking:
    """The calls that are under way at one server, and its questions in their midst."""

    def __init__(self, spec: ServerSpec) -> None:
        self._spec = spec
        self.roots = spec.roots
        """Folders that the server is told of."""
        self.private: Sequence[str] = ()
        """Addresses inside the own network that a person may be sent to."""
        self.completed: Callable[[str], None] = lambda id: None
        """Is told the id of an elicitation that a person has completed on a page."""
        self._calls: list[UnderWay] = []
        self._left: set[tuple[ClientSession, UUID | None]] = set()
        self._noted: dict[types.RequestId, int] = {}
        self._gate = Gate()

    def begin(self) -> None:
        """Another session begins: what was noted of the one before is void."""
        self._noted.clear()
        self._left.clear()

    def note(self, asked: types.RequestId, number: int) -> None:
        """A request of the server came as part of the answer to this request of ours."""
        if len(self._noted) < _MOST_NOTED:
            self._noted[asked] = number

    @asynccontextmanager
    async def turn(self, user_id: UUID | None) -> AsyncIterator[None]:
        """Wait while calls of other users are in the way; only of a server that was unclear."""
        if self._spec.user_id is not None:
            yield
            return
        try:
            async with asyncio.timeout(_WAIT_FOR_OTHERS):
                await self._gate.enter(user_id)
        except TimeoutError:
            raise Unavailable(
                f"The tool server “{self._spec.name}” is busy with another user; try again later."
            ) from None
        try:
            yield
        finally:
            self._gate.leave(user_id)

    def is_spoilt(self, session: ClientSession, user_id: UUID | None) -> bool:
        """Whether this session may still ask about a call of another user that nobody awaits."""
        others = [user for each, user in self._left if each is session and user != user_id]
        return self._gate.narrow and bool(others)

    @contextmanager
    def under_way(self, call: UnderWay) -> Iterator[None]:
        """From the moment when a call is sent until there is an answer, or nobody awaits one."""
        self._calls.append(call)
        answered = False
        try:
            yield
            answered = True
        except McpError:
            answered = True
            raise
        finally:
            self._calls.remove(call)
            if not answered and self._spec.user_id is None:
                self._left.add((call.session, call.user_id))
            for ask in call.asks:
                ask.cancel()

    async def elicit(
        self, context: _Context, params: types.ElicitRequestParams
    ) -> types.ElicitResult | types.ErrorData:
        """A server wants something of a person (MCP: elicitation/create)."""
        call = self._whose(context)
        if call is None or call.asker is None or not call.may_ask():
            return _NOBODY
        try:
            content = {**self.about(call.tool, "elicitation"), **elicited(params, self.private)}
        except NoForm as error:
            return types.ErrorData(code=types.INVALID_PARAMS, message=str(error))
        answer = await self._ask(call, call.asker.ask(content))
        if answer is None:
            return types.ElicitResult(action="cancel")
        return types.ElicitResult(action=answer["action"], content=answer.get("content"))

    async def sample(
        self, context: _Context, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult | types.ErrorData:
        """A server wants the model to answer (MCP: sampling/createMessage)."""
        call = self._whose(context)
        if call is None or call.asker is None or not call.may_ask():
            return _NOBODY
        try:
            content = sampled(params, self.about(call.tool, "sampling"))
            wish = Wish(
                messages=content["messages"],
                system_prompt=content["system_prompt"],
                max_tokens=content["max_tokens"],
                temperature=params.temperature,
                stop=(params.stopSequences or [])[:_MOST_STOPS],
            )
            found = await self._ask(call, call.asker.sample(content, wish))
        except NoForm as error:
            return types.ErrorData(code=types.INVALID_PARAMS, message=str(error))
        except NotSampled as error:
            return types.ErrorData(code=_REJECTED, message=str(error))
        if found is None:
            return types.ErrorData(code=_REJECTED, message="Nobody has answered yet.")
        return types.CreateMessageResult(
            role="assistant",
            content=types.TextContent(type="text", text=found.text),
            model=found.model,
            stopReason="maxTokens" if found.is_cut else "endTurn",
        )

    async def list_roots(self, context: _Context) -> types.ListRootsResult:
        """A server wants to know of folders (MCP: roots/list)."""
        return listed(self.roots)

    def about(self, tool: str, kind: str) -> JSON:
        """What each question of this server says of itself."""
        spec = self._spec
        server_id = str(spec.id) if spec.id else None
        return {"kind": kind, "server": spec.name, "server_id": server_id, "tool": tool}

    async def _ask(self, call: UnderWay, question: Coroutine[Any, Any, T]) -> T | None:
        """A person's answer; None when the call is not awaited any more."""
        asking = asyncio.create_task(question)
        call.asks.add(asking)
        try:
            with call.deadline.halted():
                return await asking
        except asyncio.CancelledError:
            if not asking.cancelled():
                asking.cancel()
                raise
        except NotSampled:
            raise
        except AnswerNeeded:
            call.deadline.end_in(_LAST_SECONDS)
        except Exception:  # noqa: BLE001 - the session is also that of others, who asked nothing
            log.exception("tool_question_failed", server=self._spec.name)
            call.deadline.end_in(0)
        finally:
            call.asks.discard(asking)
        return None

    def _whose(self, context: _Context) -> UnderWay | None:
        """The call that a request of the server is about, if somebody can be asked."""
        number = self._noted.pop(context.request_id, None)
        if number is not None:
            calls = [call for call in self._of(context.session) if call.number == number]
        else:
            calls = self._of(context.session)
            users = {call.user_id for call in calls}
            users |= {user for each, user in self._left if each is context.session}
            if len(users) > 1:
                self._gate.narrow = True
                log.warning("tool_question_unclear", server=self._spec.name)
                return None
        return calls[-1] if calls else None

    def _of(self, session: ClientSession) -> list[UnderWay]:
        return [call for call in self._calls if call.session is session]


class Session(ClientSession):
    """A session that goes on listening while a person thinks about what its server asks.

    The SDK answers a request before it reads the next message, of whomever.
    """

    async def _received_request(self, responder: Any) -> None:
        self._task_group.start_soon(self._answer, responder)

    async def _answer(self, responder: Any) -> None:
        with contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            await super()._received_request(responder)
