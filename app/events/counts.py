"""How often what happened: one row per day and type of event."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import BigInteger, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.errors import Invalid
from app.events.patterns import matches

LONGEST_SPAN = timedelta(days=366)


class EventCount(Base):
    """How many events of a type there were on a day (UTC), and how long they took together."""

    __tablename__ = "event_counts"

    day: Mapped[date] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    milliseconds: Mapped[int] = mapped_column(BigInteger)
    """Of tasks from their first start to their end, of tools from call to answer; else 0."""


async def add_counts(session: AsyncSession, counts: Sequence[dict[str, object]]) -> None:
    """Add to the counts; each of `counts` has the columns of a row, one per day and type."""
    new = insert(EventCount)
    await session.execute(
        new.on_conflict_do_update(
            index_elements=[EventCount.day, EventCount.type],
            set_={
                "count": EventCount.count + new.excluded.count,
                "milliseconds": EventCount.milliseconds + new.excluded.milliseconds,
            },
        ),
        sorted(counts, key=lambda row: (str(row["day"]), str(row["type"]))),
    )


async def list_counts(
    session: AsyncSession, first: date, last: date, patterns: Sequence[str]
) -> list[EventCount]:
    """The counts of these days, latest first; of types that a pattern covers, or of all.

    Raises Invalid (`to`) for days that are none, or too many.
    """
    if last < first:
        raise Invalid("The last day lies before the first.", field="to")
    if last - first >= LONGEST_SPAN:
        raise Invalid(f"Ask for {LONGEST_SPAN.days} days at most.", field="to")
    found = await session.scalars(
        select(EventCount)
        .where(EventCount.day.between(first, last))
        .order_by(EventCount.day.desc(), EventCount.type)
    )
    return [each for each in found if not patterns or matches(each.type, patterns)]
