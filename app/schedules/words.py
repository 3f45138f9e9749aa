"""A rule as people say it, in their language: “every weekday at 08:30”.

What is said here, `phrases` understands: so it may stand in a form, to be changed.
"""

from datetime import datetime

from app.core.errors import Invalid
from app.schedules.rules import Rule, RuleKind, read_moment, read_rrule

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
           "Oktober", "November", "Dezember"),
}  # fmt: skip
_CRON_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_RRULE_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_UNITS = {
    "MINUTELY": (("minute", "minutes"), ("jede Minute", "Minuten")),
    "HOURLY": (("hour", "hours"), ("jede Stunde", "Stunden")),
    "DAILY": (("day", "days"), ("jeden Tag", "Tage")),
    "WEEKLY": (("week", "weeks"), ("jede Woche", "Wochen")),
    "MONTHLY": (("month", "months"), ("jeden Monat", "Monate")),
    "YEARLY": (("year", "years"), ("jedes Jahr", "Jahre")),
}
_SAID_PARTS = {"FREQ", "INTERVAL", "BYDAY", "BYHOUR", "BYMINUTE", "WKST"}


def in_words(rule: Rule, language: str) -> str:
    """What the rule means; one that has no simple words is given back as it is written."""
    is_german = language == "de"
    said: str | None = None
    try:
        match rule.kind:
            case RuleKind.ONCE:
                said = _moment(read_moment(rule.text, rule.zone).astimezone(rule.zone), is_german)
            case RuleKind.CRON:
                said = _cron(rule.text.split(), is_german)
            case RuleKind.RRULE:
                said = _rrule(read_rrule(rule.text), is_german)
    except (Invalid, ValueError, IndexError):
        return rule.text
    return said[0].upper() + said[1:] if said else rule.text


def _moment(local: datetime, is_german: bool) -> str:
    if is_german:
        month = _MONTHS["de"][local.month - 1]
        return f"am {local.day}. {month} {local.year} um {local:%H:%M} Uhr"
    return f"on {local.day} {_MONTHS['en'][local.month - 1]} {local.year} at {local:%H:%M}"


def _cron(fields: list[str], is_german: bool) -> str | None:
    minute, hour, day, month, weekday = fields
    if (day, month, weekday) == ("*", "*", "*") and not (minute.isdecimal() and hour.isdecimal()):
        return _beat(minute, hour, is_german)
    if not (minute.isdecimal() and hour.isdecimal()):
        return None
    on = _cron_day(day, month, weekday, is_german)
    return f"{on} {_clock(int(hour), int(minute), is_german)}" if on else None


def _beat(minute: str, hour: str, is_german: bool) -> str | None:
    """Every so many minutes, or whole hours."""
    if hour == "*" and (minute == "*" or minute.startswith("*/")):
        return _every("MINUTELY", int(minute[2:] or 1), is_german)
    if minute == "0" and (hour == "*" or hour.startswith("*/")):
        return _every("HOURLY", int(hour[2:] or 1), is_german)
    return None


def _cron_day(day: str, month: str, weekday: str, is_german: bool) -> str | None:
    language = "de" if is_german else "en"
    if (month, weekday) == ("*", "*"):
        if day == "*":
            return "jeden Tag" if is_german else "every day"
        if day == "L":
            last = ("on the last day of every month", "am letzten Tag jedes Monats")
            return last[is_german]
        if day.isdecimal():
            words = (f"on the {_ordinal(int(day))} of every month", f"am {day}. jedes Monats")
            return words[is_german]
    if weekday == "*" and day.isdecimal() and month.isdecimal():
        name = _MONTHS[language][int(month) - 1]
        words = (f"every year on {day} {name}", f"jedes Jahr am {day}. {name}")
        return words[is_german]
    if (day, month) == ("*", "*"):
        return _weekdays(weekday, is_german)
    return None


def _ordinal(day: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day // 10 != 1 else "th"
    return f"{day}{ending}"


def _weekdays(weekday: str, is_german: bool) -> str | None:
    if weekday in ("MON-FRI", "1-5"):
        return "jeden Werktag" if is_german else "every weekday"
    names = [
        _CRON_DAYS[(int(one) - 1) % 7] if one.isdecimal() else one for one in weekday.split(",")
    ]
    if any(name not in _CRON_DAYS for name in names):
        return None
    return _on([_CRON_DAYS.index(name) for name in names], is_german)


def _on(days: list[int], is_german: bool) -> str:
    names = [_DAYS["de" if is_german else "en"][day] for day in days]
    last = names.pop()
    word = "und" if is_german else "and"
    listed = f"{', '.join(names)} {word} {last}" if names else last
    return f"jeden {listed}" if is_german else f"every {listed}"


def _rrule(parts: dict[str, str], is_german: bool) -> str | None:
    if parts.keys() - _SAID_PARTS or "," in parts.get("BYHOUR", "") + parts.get("BYMINUTE", ""):
        return None
    said = _every(parts["FREQ"], int(parts.get("INTERVAL", "1")), is_german)
    if "BYDAY" in parts:
        days = [_RRULE_DAYS.index(one) for one in parts["BYDAY"].split(",")]
        if parts["FREQ"] != "WEEKLY":
            return None
        on = _on(days, is_german)
        said = on if parts.get("INTERVAL", "1") == "1" else f"{said} {_without_every(on)}"
    if "BYHOUR" in parts:
        said += " " + _clock(int(parts["BYHOUR"]), int(parts.get("BYMINUTE", "0")), is_german)
    return said


def _without_every(on: str) -> str:
    first, _, rest = on.partition(" ")
    return ("am " if first == "jeden" else "on ") + rest


def _every(frequency: str, count: int, is_german: bool) -> str:
    english, german = _UNITS[frequency]
    if is_german:
        return german[0] if count == 1 else f"alle {count} {german[1]}"
    return f"every {english[0]}" if count == 1 else f"every {count} {english[1]}"


def _clock(hour: int, minute: int, is_german: bool) -> str:
    return f"um {hour:02}:{minute:02} Uhr" if is_german else f"at {hour:02}:{minute:02}"
