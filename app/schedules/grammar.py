"""What the languages of `phrases` share: how a day and a time of day are found in a text."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from app.schedules.rules import Rule, RuleKind

USUAL = time(9)
"""The time of day of a phrase that names a day and no time."""

_LONGEST_COUNT = 1000


class Unclear(Exception):
    """These words could mean two things, or nothing."""


@dataclass(frozen=True)
class PartOfDay:
    """“Morning”, “evening”: its usual time, and which hours of twelve are after noon then."""

    usual: time
    after_noon: frozenset[int]
    plain: frozenset[int] = frozenset()


MORNING = PartOfDay(time(8), frozenset(), frozenset(range(12)))
NOON = PartOfDay(time(12), frozenset({1, 2}), frozenset({11, 12}))
AFTERNOON = PartOfDay(time(15), frozenset(range(1, 8)), frozenset({12}))
EVENING = PartOfDay(time(20), frozenset(range(5, 12)))
NIGHT = PartOfDay(time(22), frozenset(range(8, 12)), frozenset(range(7)))
TONIGHT = PartOfDay(time(20), frozenset(range(5, 12)))


@dataclass(frozen=True)
class Found:
    """A place in a text where a language found a time, word by word."""

    match: re.Match[str]
    words: "Words"
    zone: ZoneInfo
    at: datetime

    def get(self, name: str) -> str:
        """What stands in that part of the pattern, in small letters; empty if nothing does."""
        return (self.match.groupdict().get(name) or "").lower()

    @property
    def today(self) -> date:
        """The date that people in the zone have."""
        return self.at.astimezone(self.zone).date()

    def number(self, name: str, default: int = 1) -> int:
        """A count, in figures or in letters."""
        word = self.get(name)
        value = int(word) if word.isdecimal() else self.words.numbers.get(word, default)
        if not 1 <= value <= _LONGEST_COUNT:
            raise Unclear
        return value

    def days(self) -> frozenset[int]:
        """The days of the week that are named (Monday is 0)."""
        letters = re.findall(r"[^\W\d_]+", self.get("days"))
        return frozenset(day for word in letters if (day := self.words.weekday(word)) is not None)

    @property
    def has_time(self) -> bool:
        """Whether a time of day is named."""
        return any(self.get(name) for name in ("h", "fixed", "part", "half"))

    def time_of_day(self, usual: time = USUAL) -> time:
        """The time of day that is named, or the usual one."""
        part = self.words.parts.get(self.get("part"))
        if fixed := self.get("fixed"):
            return self.words.fixed[fixed]
        if not self.get("h"):
            return part.usual if part else usual
        hour, minute = self._figure("h"), self._figure("m") or self._figure("m2")
        if self.get("half"):
            hour, minute = hour - 1, 30
        hour = _with_half_day(hour, self.get("ampm"))
        if part is not None:
            hour = _in_part(hour, part)
        if hour > 23 or minute > 59 or hour < 0:
            raise Unclear
        return time(hour, minute)

    def _figure(self, name: str) -> int:
        word = self.get(name)
        return int(word) if word.isdecimal() else self.words.numbers.get(word, 0)

    def moment(self, day: date, at: time) -> datetime:
        """That wall time in the zone, as a moment."""
        return datetime.combine(day, at, self.zone).astimezone(UTC)

    def cron(self, text: str) -> Rule:
        """A rule of five cron fields."""
        return Rule(kind=RuleKind.CRON, text=text, time_zone=self.zone.key)

    def rrule(self, text: str, starts_at: datetime) -> Rule:
        """An RRULE that counts from a moment."""
        return Rule(kind=RuleKind.RRULE, text=text, time_zone=self.zone.key, starts_at=starts_at)

    def once(self, moment: datetime) -> Rule:
        """One moment."""
        local = moment.astimezone(self.zone).isoformat(timespec="seconds")
        return Rule(kind=RuleKind.ONCE, text=local, time_zone=self.zone.key)


@dataclass(frozen=True)
class Words:
    """A language: its numbers, days and months, and the patterns that find a time in its text."""

    numbers: Mapping[str, int]
    weekdays: Mapping[str, int]
    months: Mapping[str, int]
    parts: Mapping[str, PartOfDay]
    fixed: Mapping[str, time]
    patterns: tuple[tuple[re.Pattern[str], "Meaning"], ...] = field(default=())

    def weekday(self, word: str) -> int | None:
        """The day of the week that a word names, in any of its forms."""
        return self.weekdays.get(word, self.weekdays.get(word.rstrip("s")))


Meaning = Callable[[Found], Rule]


def numbered(lists: str, start: int = 0) -> dict[str, int]:
    """Words with their numbers: commas part the numbers, spaces the words for one."""
    return {
        word: number
        for number, words in enumerate(lists.split(","), start)
        for word in words.split()
    }


def patterns_of(
    cores: tuple[tuple[str, Meaning], ...], alone: Meaning, *, clock: str, plain_clock: str
) -> tuple[tuple[re.Pattern[str], Meaning], ...]:
    """The days of a language, each with a time of day before or behind it; then a time `alone`.

    `plain_clock` is the one that names no part of the day, for days that do.
    """
    found: list[tuple[re.Pattern[str], Meaning]] = []
    for core, meaning in cores:
        its_clock = plain_clock if "<part>" in core else clock
        for text in (
            rf"(?<!\w){its_clock},?\s+{core}(?![\w-])",
            rf"(?<![\w.-]){core}(?![\w-])(?:,?\s*{its_clock})?(?!\w|:\d)",
        ):
            found.append((re.compile(text, re.I), meaning))
    found.append((re.compile(rf"(?<!\w){clock}(?!\w|:\d)", re.I), alone))
    return tuple(found)


def _with_half_day(hour: int, half: str) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise Unclear
    return hour % 12 + (12 if half.startswith("p") else 0)


def _in_part(hour: int, part: PartOfDay) -> int:
    if hour in part.after_noon:
        return hour + 12
    if hour > 12 or hour in part.plain:
        return hour
    raise Unclear
