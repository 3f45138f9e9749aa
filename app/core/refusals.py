"""Refusals in their reader's language. Domains raise English sentences; faces translate them."""

import re
from functools import cache

from app.core.german import CHECKED, SAID

_TEMPLATES = SAID | CHECKED
_NUMBER = re.compile(r"(?<=\d),(?=\d{3}\b)")


def in_language(sentence: str, language: str) -> str:
    """A sentence that was raised, as a reader of this language is told; unknown ones stay."""
    if language != "de":
        return sentence
    if sentence in SAID:
        return SAID[sentence]
    for pattern, german in _patterns():
        if found := pattern.fullmatch(sentence):
            return german.format(*map(_value, found.groups()))
    return sentence


def _value(said: str) -> str:
    return SAID.get(said) or _NUMBER.sub(".", said)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The sentences with values in them, the most exact first."""
    with_values = sorted((each for each in _TEMPLATES if "{}" in each), key=len, reverse=True)
    return [(_pattern(each), _TEMPLATES[each]) for each in with_values]


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(r"\{\}", "(.*)"), re.DOTALL)
