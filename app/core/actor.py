"""Who acts at the moment, and from where: known at the edge, needed by what is put on record."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

LONGEST_AGENT = 300
LONGEST_ADDRESS = 64


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody at the other end of a request, or at a terminal. Empty where it is not known."""

    user_id: UUID | None = None
    session_id: UUID | None = None
    key_id: UUID | None = None
    """The API key that the request came with."""
    address: str = ""
    agent: str = ""
    """The browser or program, as it calls itself."""

    @property
    def known(self) -> dict[str, Any]:
        """What is known, by name."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value}


_present: ContextVar[Actor | None] = ContextVar("actor", default=None)


def present_actor() -> Actor | None:
    """Who acts now; nobody where Keiko acts by itself."""
    return _present.get()


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Have `actor` answer for everything that happens inside, and in tasks that begin there."""
    token = _present.set(actor)
    try:
        yield
    finally:
        _present.reset(token)
