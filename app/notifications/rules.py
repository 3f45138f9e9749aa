"""When somebody is told something, and by which ways: rules that need no database."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.notifications.models import Channel, Kind

USUAL: dict[Kind, frozenset[Channel]] = {
    Kind.TASK_DONE: frozenset({Channel.PAGE, Channel.PUSH, Channel.WEBHOOK}),
    Kind.TASK_FAILED: frozenset(Channel),
    Kind.QUESTION: frozenset(Channel),
    Kind.QUESTION_EXPIRED: frozenset({Channel.PAGE, Channel.PUSH, Channel.WEBHOOK}),
    Kind.SCHEDULE_MISSED: frozenset({Channel.PAGE, Channel.PUSH, Channel.WEBHOOK}),
    Kind.DIGEST: frozenset({Channel.EMAIL}),
}
"""The ways for each kind, until a user chooses others."""

ALWAYS_TOLD = frozenset({Kind.SECURITY})
"""Kinds that nobody can switch off, a thief at an open page least of all: by every way there is."""

ALWAYS_SENT = frozenset({Kind.DIGEST, Kind.TEST, *ALWAYS_TOLD})
"""Kinds that neither quiet hours nor an open page hold back: the user chose their time, or must
know at once."""

MOST_ATTEMPTS = 5
_BACK_OFF = [timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1)]


def quiet_end(
    at: datetime, start: time | None, end: time | None, zone: ZoneInfo
) -> datetime | None:
    """The end of the quiet hours that `at` lies in, which may go over midnight; None outside."""
    if start is None or end is None or start == end:
        return None
    local = at.astimezone(zone)
    clock, day = local.time(), local.date()
    if start < end:
        is_inside = start <= clock < end
    else:
        is_inside = clock >= start or clock < end
        day += timedelta(days=clock >= start)
    if not is_inside:
        return None
    over = datetime.combine(day, end, zone)
    return _utc(over if _utc(over) > at else over.replace(fold=1))


def next_digest(after: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The first moment after `after` at which clocks in `zone` show `at`."""
    day = after.astimezone(zone).date()
    today = _utc(datetime.combine(day, at, zone))
    return today if today > after else _utc(datetime.combine(day + timedelta(days=1), at, zone))


def due_at(kind: Kind, at: datetime, quiet_until: datetime | None) -> datetime:
    """When a notification of this kind may be sent."""
    return at if quiet_until is None or kind in ALWAYS_SENT else quiet_until


def reason_to_drop(
    kind: Kind, *, is_read: bool, is_present: bool, only_when_away: bool
) -> str | None:
    """Why a delivery that is due need not be sent any more; None if it must."""
    if kind in ALWAYS_SENT:
        return None
    if is_read:
        return "It was read before."
    return "A page was open." if only_when_away and is_present else None


def back_off(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts; None when that was the last."""
    return None if attempts >= MOST_ATTEMPTS else _BACK_OFF[attempts - 1]


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo("UTC"))
