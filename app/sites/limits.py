"""How much visitors may do: newcomers by the hour, messages by the day."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import TooMany, Unavailable
from app.core.redis import LOST, rate_key, visits_key
from app.core.resources import Resources
from app.sites.models import SiteUsage
from app.users.site_models import Site

NEWCOMERS_PER_HOUR = 20
"""Visitors whom nobody knows, from one address."""

_VISITOR_HAS_SAID = "You have sent as many messages today as this site allows. Go on tomorrow."
_SITE_HAS_SAID = "This site has answered as many messages today as it may. Go on tomorrow."
_TOO_MANY_HERE = "Too many new visitors came from this address. Try again later."
_TOO_MANY_TICKETS = "This site asks for too many tickets. Try again in a minute."
_TOO_MANY_TODAY = "This site has had many new visitors today. Try again tomorrow."


async def count_newcomer(resources: Resources, site: Site, network: str) -> None:
    """Count one more visitor whom nobody knows. TooMany if that is one too many."""
    hour = await _count(resources, f"hour:{network}", 3600)
    if hour > NEWCOMERS_PER_HOUR:
        raise TooMany(_TOO_MANY_HERE, retry_after=3600)
    today = await _count(resources, f"day:{site.id}:{now():%Y%m%d}", 86_400)
    if today > site.messages_per_day:
        raise TooMany(_TOO_MANY_TODAY, retry_after=seconds_until_tomorrow(now()))


async def count_ticket(resources: Resources, site: Site) -> None:
    """Count one more ticket of a site. TooMany if that is one too many in this minute."""
    most = resources.settings.rate_limits.tickets
    count = await resources.limiter.count(rate_key(site.key, "tickets"), most)
    if count.is_over:
        raise TooMany(_TOO_MANY_TICKETS, retry_after=count.reset)


async def messages_left(session: AsyncSession, user_id: UUID, site_id: UUID) -> int:
    """How many messages a visitor may send today."""
    site = await session.get_one(Site, site_id)
    today = now().date()
    mine = select(SiteUsage.messages).where(SiteUsage.user_id == user_id, SiteUsage.day == today)
    everybodys = select(func.coalesce(func.sum(SiteUsage.messages), 0)).where(
        SiteUsage.site_id == site_id, SiteUsage.day == today
    )
    used = await session.scalar(mine) or 0
    used_here = await session.scalar(everybodys) or 0
    left = min(site.messages_per_visitor_day - used, site.messages_per_day - int(used_here))
    return max(0, left)


async def take_message(session: AsyncSession, user_id: UUID, site_id: UUID) -> None:
    """Count one more message of a visitor. TooMany if that is one too many today."""
    site = await session.get_one(Site, site_id)
    at = now()
    everybodys = select(func.coalesce(func.sum(SiteUsage.messages), 0)).where(
        SiteUsage.site_id == site_id, SiteUsage.day == at.date()
    )
    if int(await session.scalar(everybodys) or 0) >= site.messages_per_day:
        raise TooMany(_SITE_HAS_SAID, retry_after=seconds_until_tomorrow(at))
    counted = await session.scalar(
        insert(SiteUsage)
        .values(user_id=user_id, day=at.date(), site_id=site_id, messages=1)
        .on_conflict_do_update(
            index_elements=["user_id", "day"],
            set_={"messages": SiteUsage.messages + 1},
            where=SiteUsage.messages < site.messages_per_visitor_day,
        )
        .returning(SiteUsage.messages)
    )
    if counted is None:
        raise TooMany(_VISITOR_HAS_SAID, retry_after=seconds_until_tomorrow(at))


async def give_message_back(session: AsyncSession, user_id: UUID) -> None:
    """Count one message less: it was refused, or had been counted before."""
    await session.execute(
        update(SiteUsage)
        .where(
            SiteUsage.user_id == user_id,
            SiteUsage.day == now().date(),
            SiteUsage.messages > 0,
        )
        .values(messages=SiteUsage.messages - 1)
    )


def seconds_until_tomorrow(at: datetime) -> int:
    """Until days are counted anew: at midnight, UTC."""
    midnight = datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1)
    return max(1, math.ceil((midnight - at).total_seconds()))


async def _count(resources: Resources, what: str, seconds: int) -> int:
    """How often this has happened in a while. Without Redis nobody new is let in."""
    key = visits_key(what)
    try:
        async with resources.redis.pipeline(transaction=True) as pipe:
            pipe.incr(key)
            pipe.expire(key, seconds, nx=True)
            counted, _ = await pipe.execute()
    except LOST as error:
        raise Unavailable("New visitors cannot be let in at the moment. Try again soon.") from error
    return int(counted)
