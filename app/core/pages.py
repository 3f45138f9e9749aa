"""Keyset pages: a cursor names the last row that was seen, so no page costs more than another."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

import orjson

from app.core.errors import Invalid

Item = TypeVar("Item")

_MOST_AT_ONCE = 1000


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
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(id)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise Invalid("This is not a cursor of a page before.", field="after") from error


async def sift(
    fetch: Callable[[tuple[datetime, UUID] | None, int], Awaitable[list[Item]]],
    keep: Callable[[list[Item]], Awaitable[list[Item]]],
    key: Callable[[Item], tuple[datetime, UUID]],
    *,
    after: str | None,
    limit: int,
) -> Page[Item]:
    """A page of what `keep` leaves of rows in their order, where the database cannot choose.

    `fetch` gives so many rows that come after a place, fewer only at their end.
    """
    place = read_cursor(after) if after else None
    size, kept = limit + 1, list[Item]()
    while True:
        rows = await fetch(place, size)
        kept += await keep(rows)
        if len(kept) > limit or len(rows) < size:
            return make_page(kept, limit, key)
        place, size = key(rows[-1]), min(size * 4, _MOST_AT_ONCE)
