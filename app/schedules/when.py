"""What somebody wrote into the field “When”: words, a cron rule, an RRULE or a moment."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from app.core.errors import Invalid
from app.schedules.phrases import read_phrase
from app.schedules.rules import Rule, RuleKind, check_rule, read_rrule, read_zone

LONGEST = 500
_CRON = re.compile(r"(?=.*[\d*])[\dA-Z*/,#L-]+(?:\s+[\dA-Z*/,#L-]+){4,5}", re.I)
_FIRST_FIELDS = re.compile(r"[\d*/,-]+\s+[\d*/,-]+(?:\s|\Z)")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}")
_NAMED = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
          "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *",
          "@annually": "0 0 1 1 *"}  # fmt: skip
_UNREAD = (
    "This is not understood as a time. Write “every weekday at 8”, “tomorrow at 9”, or a "
    "cron rule like 0 8 * * MON-FRI."
)


def read_when(text: str, *, time_zone: str, at: datetime, language: str) -> Rule:
    """The rule that was written, said at the moment `at`; Invalid (`when`) if it is none."""
    zone, text = read_zone(time_zone), " ".join(text.split())
    if not text or len(text) > LONGEST:
        raise Invalid(_UNREAD, field="when")
    if text.lower() in _NAMED:
        return Rule(kind=RuleKind.CRON, text=_NAMED[text.lower()], time_zone=time_zone)
    if "FREQ=" in text.upper():
        read_rrule(text)
        clean = text.upper().removeprefix("RRULE:").rstrip(";")
        return Rule(kind=RuleKind.RRULE, text=clean, time_zone=time_zone)
    if _CRON.fullmatch(text) and _FIRST_FIELDS.match(text):
        return Rule(kind=RuleKind.CRON, text=text.upper(), time_zone=time_zone)
    if _MOMENT.match(text):
        return Rule(kind=RuleKind.ONCE, text=text, time_zone=time_zone)
    phrase = read_phrase(text, zone=zone, at=at, language=language)
    if phrase is None:
        raise Invalid(_UNREAD, field="when")
    if rest := phrase.rest.strip(" .!?"):
        raise Invalid(
            f"“{rest[:60]}” is no part of a time. "
            "Leave it out here; the request has its own field.",
            field="when",
        )
    return phrase.rule


def within(
    rule: Rule, *, starts_at: datetime | None, ends_at: datetime | None, at: datetime
) -> Rule:
    """The rule with a first and a last day, checked; Invalid, with the field, if it cannot be."""
    if starts_at is not None and starts_at < at - timedelta(days=1):
        raise Invalid("The start lies in the past; choose a later one.", field="starts_at")
    bounded = replace(rule, starts_at=starts_at or rule.starts_at, ends_at=ends_at)
    check_rule(bounded, at)
    return bounded
