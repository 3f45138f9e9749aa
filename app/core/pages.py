"""Keyset pages: a cursor names the last row that was seen, so no page costs more than another."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import orjson

from app.core.errors import Invalid

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some rows, and the cursor of the next page if there is one."""

    items: list[Item]
    next_cursor: str | None


def make_page(
    found: list[Item], limit: int, key: Callable[[Item], tuple[datetime, UUID]]
) -> Page[Item]:
    """The page of the first `limit` rows; `found` holds one more if there is another page."""
    more = len(found) > limit
    return Page(found[:limit], write_cursor(*key(found[limit - 1])) if more else None)


def write_cursor(moment: datetime, id: UUID) -> str:
    """The cursor of a row, in lists that are ordered by a moment and then by id."""
    return base64.urlsafe_b64encode(orjson.dumps([moment.isoformat(), str(id)])).decode()


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """What `write_cursor` wrote; Invalid for anything else."""
    try:
        moment, id = orjson.loads(base64.urlsafe_b64decode(cursor))
        return datetime.fromisoformat(moment), UUID(id)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid("This is not a cursor of a page before.", field="after") from error
