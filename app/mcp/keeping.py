"""What becomes of an answer before it is put on record: its contents are kept, its length bounded.

Who knows where files go says so with a `Keeping`; without one, texts are cut and contents named.
"""

from dataclasses import replace
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.mcp.calls import ToolCall
from app.mcp.results import ToolOutcome
from app.mcp.storable import storable

LONGEST_OUTPUT = 30_000
"""Characters of a tool's answer that a model is given; more would crowd out the conversation."""


class Keeping(Protocol):
    """Keeps what an answer brought, once, however often it is asked to."""

    async def keep(self, call: ToolCall, id: UUID, outcome: ToolOutcome) -> ToolOutcome:
        """The outcome as it is put on record; `id` is that of the record."""

    async def record(self, session: AsyncSession, call: ToolCall, outcome: ToolOutcome) -> None:
        """Write what was kept, in the transaction that writes the outcome."""


class Cut:
    """Keeps nothing: what is too long is cut."""

    async def keep(self, call: ToolCall, id: UUID, outcome: ToolOutcome) -> ToolOutcome:
        """The outcome with a text of bearable length."""
        text = storable(outcome.text)
        size = len(text.encode())
        if len(text) > LONGEST_OUTPUT:
            said = f"[Cut here: the tool answered {len(text):,} characters.]"
            text = f"{text[:LONGEST_OUTPUT]}\n{said}"
        return replace(outcome, text=text, size=size, pieces=(), data=None)

    async def record(self, session: AsyncSession, call: ToolCall, outcome: ToolOutcome) -> None:
        """Nothing was kept."""
