"""For whom a tool is called: told to the built-in server with each call, to no other server.

It travels in the request's `_meta` (MCP 2025-11-25), where a model can neither see nor write it.
"""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.core.clock import derived_id
from app.core.db import JSON

_KEY = "keiko/caller"


class Caller(BaseModel):
    """Whose task calls, which call it is, and the language, zone and model of its user."""

    model_config = ConfigDict(frozen=True)

    user_id: UUID
    task_id: UUID
    tool_call_id: str
    language: str = "en"
    time_zone: str | None = None
    model: str | None = None

    @property
    def key(self) -> str:
        """The same however often this call is made, and never another's: an idempotency key."""
        return str(derived_id(self.task_id, f"call:{self.tool_call_id}"))

    def as_meta(self) -> JSON:
        """What a request's `_meta` holds."""
        return {_KEY: self.model_dump(mode="json")}

    @classmethod
    def from_meta(cls, meta: dict[str, Any] | None) -> "Caller | None":
        """Who calls, if the request says it."""
        told = (meta or {}).get(_KEY)
        return None if told is None else cls.model_validate(told)
