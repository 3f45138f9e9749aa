"""A rule in words, and the words as a rule again."""

from datetime import UTC, datetime

import pytest

from app.schedules.rules import Rule, RuleKind, next_runs
from app.schedules.when import read_when
from app.schedules.words import in_words

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("written", "english", "german"),
    [
        ("every day at 8", "Every day at 08:00", "Jeden Tag um 08:00 Uhr"),
        ("0 8 * * 1-5", "Every weekday at 08:00", "Jeden Werktag um 08:00 Uhr"),
        ("mondays and thursdays at 18:30", "Every Monday and Thursday at 18:30",
         "Jeden Montag und Donnerstag um 18:30 Uhr"),
        ("every minute", "Every minute", "Jede Minute"),
        ("every 15 minutes", "Every 15 minutes", "Alle 15 Minuten"),
        ("every hour", "Every hour", "Jede Stunde"),
        ("every 6 hours", "Every 6 hours", "Alle 6 Stunden"),
        ("every 90 minutes", "Every 90 minutes", "Alle 90 Minuten"),
        ("every other day at 7", "Every 2 days at 07:00", "Alle 2 Tage um 07:00 Uhr"),
        ("every 2 weeks on monday at 9", "Every 2 weeks on Monday at 09:00",
         "Alle 2 Wochen am Montag um 09:00 Uhr"),
        ("on the first of every month at 9", "On the 1st of every month at 09:00",
         "Am 1. jedes Monats um 09:00 Uhr"),
        ("on the 12th of every month at 9", "On the 12th of every month at 09:00",
         "Am 12. jedes Monats um 09:00 Uhr"),
        ("on the last day of every month at 9", "On the last day of every month at 09:00",
         "Am letzten Tag jedes Monats um 09:00 Uhr"),
        ("every year on 24 December at 9", "Every year on 24 December at 09:00",
         "Jedes Jahr am 24. Dezember um 09:00 Uhr"),
        ("tomorrow at 9", "On 23 November 2026 at 09:00", "Am 23. November 2026 um 09:00 Uhr"),
        ("0 0 * * 5#2", "0 0 * * 5#2", "0 0 * * 5#2"),
        ("5 * * * *", "5 * * * *", "5 * * * *"),
        ("FREQ=MONTHLY;BYDAY=2TU;BYHOUR=9", "FREQ=MONTHLY;BYDAY=2TU;BYHOUR=9",
         "FREQ=MONTHLY;BYDAY=2TU;BYHOUR=9"),
    ],
)  # fmt: skip
def test_what_is_written_is_said_in_words_that_are_understood_again(
    written: str, english: str, german: str
) -> None:
    rule = read_when(written, time_zone=BERLIN, at=NOW, language="en")
    assert in_words(rule, "en") == english
    assert in_words(rule, "de") == german
    for language, words in (("en", english), ("de", german)):
        again = read_when(words, time_zone=BERLIN, at=NOW, language=language)
        assert again.kind is rule.kind
        assert next_runs(again, NOW) == next_runs(rule, NOW)


def test_a_rule_that_nobody_can_read_is_shown_as_it_is() -> None:
    rule = Rule(kind=RuleKind.RRULE, text="FREQ=NEVER", time_zone=BERLIN)
    assert in_words(rule, "de") == "FREQ=NEVER"
