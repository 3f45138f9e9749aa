"""Time and identity: the only places that read the clock or draw an id."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7


def now() -> datetime:
    """The present moment, always in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A fresh primary key (UUID version 7: sorts by time of birth)."""
    return uuid7()


def derived_id(parent: UUID, what: str) -> UUID:
    """The id of the one `what` that belongs to `parent`: the same however often it is asked."""
    return uuid5(parent, what)
