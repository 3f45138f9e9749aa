"""How users wish to be told."""

import re
from dataclasses import dataclass, field
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.db import is_storable
from app.core.errors import Invalid
from app.core.outbound import check_url
from app.notifications.models import Channel, Kind, NotificationSettings
from app.notifications.rules import ALWAYS_TOLD, USUAL, next_digest, quiet_end
from app.users.models import User

LONGEST_EMAIL = 254

_EMAIL = re.compile(r"[^@\s<>()\[\],;:\\\"]{1,64}@[^@\s.<>]+(\.[^@\s.<>]+)*")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How a user wishes to be told, and where clocks show what time for them."""

    channels: dict[Kind, frozenset[Channel]] = field(default_factory=lambda: dict(USUAL))
    only_when_away: bool = False
    quiet_from: time | None = None
    quiet_until: time | None = None
    digest_at: time | None = None
    email: str | None = None
    webhook_url: str | None = None
    language: str = "en"
    zone: str = "UTC"

    def channels_of(self, kind: Kind) -> frozenset[Channel]:
        """The ways for a kind."""
        return frozenset(Channel) if kind in ALWAYS_TOLD else self.channels.get(kind, frozenset())

    def quiet_end(self, at: datetime) -> datetime | None:
        """The end of the quiet hours that `at` lies in."""
        return quiet_end(at, self.quiet_from, self.quiet_until, read_zone(self.zone))


def read_zone(name: str) -> ZoneInfo:
    """The time zone of this name; Invalid if there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise Invalid("There is no such time zone.", field="time_zone") from error


async def find_wishes(session: AsyncSession, user_id: UUID) -> Wishes:
    """What a user wishes; what is usual if they have never said."""
    found = await session.execute(
        select(User.timezone, NotificationSettings)
        .outerjoin(NotificationSettings, NotificationSettings.user_id == User.id)
        .where(User.id == user_id)
    )
    row = found.one_or_none()
    if row is None:
        return Wishes()
    settings: NotificationSettings | None = row[1]
    return read_wishes(settings, row[0]) if settings is not None else Wishes(zone=row[0])


def read_wishes(settings: NotificationSettings, zone: str) -> Wishes:
    """The wishes that a row holds."""
    return Wishes(
        channels={
            kind: frozenset(Channel(each) for each in settings.channels.get(kind, usual))
            for kind, usual in USUAL.items()
        },
        only_when_away=settings.only_when_away,
        quiet_from=settings.quiet_from,
        quiet_until=settings.quiet_until,
        digest_at=settings.digest_at,
        email=settings.email,
        webhook_url=settings.webhook_url,
        language=settings.language,
        zone=zone,
    )


def check_wishes(wishes: Wishes, allowed: list[str]) -> None:
    """Refuse what cannot be; `allowed` are private addresses that may be called nevertheless."""
    read_zone(wishes.zone)
    if (wishes.quiet_from is None) != (wishes.quiet_until is None):
        raise Invalid("Quiet hours have a beginning and an end.", field="quiet_until")
    if wishes.quiet_from is not None and wishes.quiet_from == wishes.quiet_until:
        raise Invalid("Quiet hours end at another time than they begin.", field="quiet_until")
    email = wishes.email
    if email is not None and (
        len(email) > LONGEST_EMAIL or not is_storable(email) or not _EMAIL.fullmatch(email)
    ):
        raise Invalid("This is not an e-mail address.", field="email")
    if wishes.webhook_url is not None:
        try:
            check_url(wishes.webhook_url, allowed=allowed)
        except Invalid as error:
            raise Invalid(str(error), field="webhook_url") from error


async def put_wishes(session: AsyncSession, user_id: UUID, wishes: Wishes) -> None:
    """Keep what a user wishes; it must have been checked. The zone is the user's from now on."""
    user = await session.get_one(User, user_id)
    user.timezone = wishes.zone
    at, digest_at = now(), wishes.digest_at
    due = next_digest(at, digest_at, read_zone(wishes.zone)) if digest_at else None
    values = {
        "channels": {str(kind): sorted(map(str, ways)) for kind, ways in wishes.channels.items()},
        "only_when_away": wishes.only_when_away,
        "quiet_from": wishes.quiet_from,
        "quiet_until": wishes.quiet_until,
        "digest_at": digest_at,
        "digest_due_at": due,
        "email": wishes.email,
        "webhook_url": wishes.webhook_url,
        "language": wishes.language,
        "updated_at": at,
    }
    await session.execute(
        insert(NotificationSettings)
        .values(user_id=user_id, digested_at=at, **values)
        .on_conflict_do_update(index_elements=["user_id"], set_=values)
    )
