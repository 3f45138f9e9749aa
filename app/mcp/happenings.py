"""What happens to servers, as events that are on record."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.events.store import record
from app.events.types import McpServerChanged
from app.mcp.models import McpServer


def say_changed(
    session: AsyncSession,
    server: McpServer,
    user_id: UUID,
    change: str,
    fields: Sequence[str] = (),
) -> None:
    """That a user did something to a server, or signed in to it; names of fields, never values."""
    record(
        session,
        McpServerChanged(
            user_id=user_id,
            subject_id=server.id,
            server_id=server.id,
            name=server.name,
            shared=server.user_id is None,
            change=change,
            fields=sorted(fields),
        ),
    )
