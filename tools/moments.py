"""When: what a person or a model says about time, as a rule in the zone of who asked."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.db import persist
from app.schedules.phrases import read_phrase
from app.schedules.rules import Rule, RuleKind, check_rule, next_runs, read_moment, read_zone
from app.users.models import User
from tools.runtime import Acting, Refused

_CRON = re.compile(r"[\d*/,-]+(?:\s+[\d*/,\-A-Za-z#?]+){4}")
_RRULE = re.compile(r"(?:RRULE:)?FREQ=\S+", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?")
_MORNING = "T09:00"


async def zone_of(who: Acting, named: str | None = None) -> ZoneInfo:
    """The zone that is named, else that of the page which asked, else that of the account."""
    if name := (named or who.caller.time_zone):
        return read_zone(name)

    async def read(session: AsyncSession) -> str:
        user = await session.get(User, who.caller.user_id)
        return user.timezone if user else "UTC"

    return read_zone(await persist(who.resources.db, read))


def find_rule(who: Acting, said: str, zone: ZoneInfo) -> Rule:
    """The rule that is meant: a phrase, five cron fields, an RRULE or a moment in ISO 8601.

    Refuses what nobody understands; raises Invalid for what never comes (again).
    """
    said, at = said.strip(), now()
    if _CRON.fullmatch(said):
        rule = Rule(kind=RuleKind.CRON, text=said, time_zone=zone.key)
    elif _RRULE.fullmatch(said):
        rule = Rule(kind=RuleKind.RRULE, text=said, time_zone=zone.key, starts_at=at)
    elif _MOMENT.fullmatch(said):
        moment = said if len(said) > len("2026-12-24") else said + _MORNING
        rule = Rule(kind=RuleKind.ONCE, text=moment, time_zone=zone.key)
    else:
        found = read_phrase(said, zone=zone, at=at, language=who.caller.language)
        if found is None:
            raise Refused(who.say("no_time"))
        rule = found.rule
    check_rule(rule, at)
    return rule


async def find_moment(who: Acting, said: str, zone: ZoneInfo) -> datetime:
    """The one moment that is meant."""
    rule = find_rule(who, said, zone)
    if rule.kind is not RuleKind.ONCE:
        raise Refused(who.say("not_once"))
    return read_moment(rule.text, rule.zone)


def coming(rule: Rule, most: int = 3) -> list[datetime]:
    """The next runs of a rule."""
    return next_runs(rule, now(), most)
