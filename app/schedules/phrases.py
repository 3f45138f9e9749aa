"""“Every weekday at 8 send me the news”: the time in a sentence, and the rest of it. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.schedules.english import ENGLISH
from app.schedules.german import GERMAN
from app.schedules.grammar import Found, Unclear, Words
from app.schedules.rules import Rule

LONGEST = 100_000
_LANGUAGES: dict[str, Words] = {"en": ENGLISH, "de": GERMAN}
_EDGES = " \t\n,;:–—-"
_PREPOSITION = re.compile(
    r"(?:\b(?:on|at|every|each|next|until|till|from|ab|bis|nächste[nrs]?|kommende[nrs]?"
    r"|jede[nrs]?|alle|um|vor|nach)\s+|[-\d/.:])\Z",
    re.I,
)
_UNREAD = re.compile(
    r"\A(?:\s*[-–/:]\s*\d|\s+(?:or|oder|and|und|bis|until|till|to|at|um|@)\s*\d)", re.I
)


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A time that was said: when, in which words, and what else the sentence says."""

    rule: Rule
    rest: str
    said: str


def read_phrase(text: str, *, zone: ZoneInfo, at: datetime, language: str) -> Phrase | None:
    """The time in `text`, said at the moment `at` by somebody in `zone`.

    None if there is none, or none that is clear; a clear one may lie in the past. The person's
    `language` is tried first, then the other ones.
    """
    if len(text) > LONGEST:
        return None
    order = sorted(_LANGUAGES, key=lambda code: code != language)
    for words in (_LANGUAGES[code] for code in order):
        phrase = _read(text, words, zone, at)
        if phrase is not None:
            return phrase
    return None


def _read(text: str, words: Words, zone: ZoneInfo, at: datetime) -> Phrase | None:
    """The longest place where a pattern fits; the first pattern among equals."""
    fitting = [
        (match, meaning) for pattern, meaning in words.patterns if (match := pattern.search(text))
    ]
    if not fitting:
        return None
    match, meaning = max(fitting, key=lambda found: len(found[0].group().strip()))
    before, after = text[: match.start()], text[match.end() :]
    if _PREPOSITION.search(before) or _UNREAD.match(after):
        return None
    try:
        rule = meaning(Found(match, words, zone, at))
    except (Unclear, ValueError, OverflowError):
        return None
    rest = _join(before.strip(_EDGES), after.strip(_EDGES))
    return Phrase(rule=rule, rest=rest, said=match.group().strip(_EDGES))


def _join(before: str, after: str) -> str:
    between = "" if not before or not after or after[0] in ".!?" else " "
    return before + between + after
