"""The tools of one run: those of its user's servers that it may use, and those of its page."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Protocol
from uuid import UUID

from app.core.db import JSON
from app.core.errors import Unavailable
from app.mcp.beginning import find_soon
from app.mcp.caller import Caller
from app.mcp.contact import ALONE, Contact
from app.mcp.page import Function, page_tools
from app.mcp.policy import is_among
from app.mcp.sessions import RemoteTool, ToolOutcome, ToolServers

CallPage = Callable[[RemoteTool, JSON, Caller], Awaitable[ToolOutcome]]
"""Has the page carry out a function."""


class Tools(Protocol):
    """Where tools are found and called."""

    def find_tool(self, tool_name: str, user_id: UUID | None = None) -> RemoteTool | None:
        """The tool that the model of this user calls by this name."""

    def provider_of(self, server_id: UUID | None, user_id: UUID | None) -> str | None:
        """With accounts at which sign-in provider a server works, if it does."""

    async def call(
        self,
        tool_name: str,
        arguments: JSON,
        *,
        timeout: float,
        caller: Caller | None = None,
        user_id: UUID | None = None,
        contact: Contact = ALONE,
    ) -> ToolOutcome:
        """Call a tool once; see `ToolServers.call`."""


class Offered:
    """What a run may use of `servers`: all, or what `only` names, and the page's `functions`.

    `only` holds patterns of `server/tool`, with `*` for any.
    """

    def __init__(
        self,
        servers: ToolServers,
        user_id: UUID,
        *,
        only: Sequence[str] | None = None,
        functions: Sequence[Function] = (),
        call_page: CallPage,
    ) -> None:
        self._servers = servers
        self._user_id = user_id
        self._only = None if only is None else tuple(only)
        self._functions = tuple(functions)
        self._call_page = call_page

    @property
    def version(self) -> Hashable:
        """The same for as long as `list_tools` gives the same tools."""
        marks = tuple(tool.fingerprint for tool in self._of_page())
        return self._servers.version_for(self._user_id), self._only, marks

    def list_tools(self) -> list[RemoteTool]:
        """Every tool, as the model is told of it."""
        told = self._servers.list_tools(self._user_id)
        return [*filter(self._may_use, told), *self._of_page()]

    def find_tool(self, tool_name: str, user_id: UUID | None = None) -> RemoteTool | None:
        """The tool that the model of this run calls by this name."""
        if found := self._found_in_page(tool_name):
            return found
        tool = self._servers.find_tool(tool_name, self._user_id)
        return tool if tool and self._may_use(tool) else None

    async def find_soon(self, tool_name: str) -> RemoteTool | None:
        """The same, also if the tool's server is only being opened."""
        if found := self._found_in_page(tool_name):
            return found
        tool = await find_soon(self._servers, tool_name, self._user_id)
        return tool if tool and self._may_use(tool) else None

    def provider_of(self, server_id: UUID | None, user_id: UUID | None) -> str | None:
        """With accounts at which sign-in provider a server works, if it does."""
        return self._servers.provider_of(server_id, user_id)

    async def call(
        self,
        tool_name: str,
        arguments: JSON,
        *,
        timeout: float,
        caller: Caller | None = None,
        user_id: UUID | None = None,
        contact: Contact = ALONE,
    ) -> ToolOutcome:
        """Call a tool once, of a server or of the page."""
        function = self._found_in_page(tool_name)
        if function is not None and caller is not None:
            return await self._call_page(function, arguments, caller)
        if self.find_tool(tool_name) is None:
            raise Unavailable(f"There is no tool “{tool_name}” at the moment.")
        return await self._servers.call(
            tool_name,
            arguments,
            timeout=timeout,
            caller=caller,
            user_id=user_id,
            contact=contact,
        )

    def _may_use(self, tool: RemoteTool) -> bool:
        return self._only is None or is_among(tool, self._only)

    def _of_page(self) -> list[RemoteTool]:
        if not self._functions:
            return []
        taken = {
            tool.name for tool in self._servers.list_tools(self._user_id) if self._may_use(tool)
        }
        return page_tools(self._functions, taken)

    def _found_in_page(self, tool_name: str) -> RemoteTool | None:
        return next((tool for tool in self._of_page() if tool.name == tool_name), None)
