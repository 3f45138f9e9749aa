"""Times in sentences, in both languages, and what is left of the sentence."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schedules.phrases import Phrase, read_phrase
from app.schedules.rules import RuleKind, check_rule, next_run

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
"""Half past ten in Berlin."""


def read(text: str, language: str = "en") -> Phrase | None:
    return read_phrase(text, zone=BERLIN, at=SUNDAY, language=language)


def first(text: str, language: str = "en") -> str:
    phrase = read(text, language)
    assert phrase is not None, text
    run = next_run(phrase.rule, SUNDAY)
    assert run is not None
    return run.astimezone(BERLIN).strftime("%a %d.%m. %H:%M")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("every day at 8", "0 8 * * *"),
        ("every weekday at 8:30", "30 8 * * MON-FRI"),
        ("every monday and thursday at 6pm", "0 18 * * MON,THU"),
        ("every 15 minutes", "*/15 * * * *"),
        ("every hour", "0 * * * *"),
        ("on the first of every month at 9", "0 9 1 * *"),
        ("on the last day of every month at 5pm", "0 17 L * *"),
        ("at 7.30 every day", "30 7 * * *"),
        ("every morning", "0 8 * * *"),
        ("every evening at 8", "0 20 * * *"),
        ("every 45 minutes", "FREQ=MINUTELY;INTERVAL=45"),
        ("every other day at 7", "FREQ=DAILY;INTERVAL=2;BYHOUR=7;BYMINUTE=0"),
        ("every 2 weeks on monday at 9", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=9;BYMINUTE=0"),
        ("jeden Tag um 8", "0 8 * * *"),
        ("täglich um 7 Uhr", "0 7 * * *"),
        ("jeden Werktag um 8 Uhr 30", "30 8 * * MON-FRI"),
        ("montags um 9", "0 9 * * MON"),
        ("jeden Montag und Donnerstag", "0 9 * * MON,THU"),
        ("jeden Montag, Mittwoch und Freitag um 18.30 Uhr", "30 18 * * MON,WED,FRI"),
        ("alle 15 Minuten", "*/15 * * * *"),
        ("am Ersten jedes Monats um 9", "0 9 1 * *"),
        ("jeden Morgen um halb acht", "30 7 * * *"),
        ("jeden Abend um 10", "0 22 * * *"),
        ("stündlich", "0 * * * *"),
        ("jährlich am 1.5. um 8", "0 8 1 5 *"),
    ],
)
def test_what_comes_again_is_read(text: str, rule: str) -> None:
    for language in ("en", "de"):
        phrase = read(text, language)
        assert phrase is not None
        assert (phrase.rule.text, phrase.rest) == (rule, "")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("tomorrow at 9", "Mon 23.11. 09:00"),
        ("tomorrow morning", "Mon 23.11. 08:00"),
        ("tonight", "Sun 22.11. 20:00"),
        ("tonight at 9", "Sun 22.11. 21:00"),
        ("in 10 minutes", "Sun 22.11. 10:40"),
        ("in half an hour", "Sun 22.11. 11:00"),
        ("on friday at noon", "Fri 27.11. 12:00"),
        ("on sunday at 9", "Sun 29.11. 09:00"),
        ("on sunday at 11", "Sun 22.11. 11:00"),
        ("on 24 December at 18:00", "Thu 24.12. 18:00"),
        ("December 24th at 6 pm", "Thu 24.12. 18:00"),
        ("2026-12-24 18:00", "Thu 24.12. 18:00"),
        ("at 9pm", "Sun 22.11. 21:00"),
        ("at 9 am", "Mon 23.11. 09:00"),
        ("morgen um 9", "Mon 23.11. 09:00"),
        ("heute Abend um 8", "Sun 22.11. 20:00"),
        ("in zehn Minuten", "Sun 22.11. 10:40"),
        ("in einer halben Stunde", "Sun 22.11. 11:00"),
        ("am Freitag um 12", "Fri 27.11. 12:00"),
        ("am Freitagabend", "Fri 27.11. 20:00"),
        ("am 24.12. um 18 Uhr", "Thu 24.12. 18:00"),
        ("am 24. Dezember um 18:30 Uhr", "Thu 24.12. 18:30"),
        ("übermorgen um 15 Uhr", "Tue 24.11. 15:00"),
        ("um 8 Uhr abends", "Sun 22.11. 20:00"),
    ],
)
def test_what_comes_once_is_read(text: str, moment: str) -> None:
    for language in ("en", "de"):
        assert first(text, language) == moment


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("every weekday at 8 send me the news", "send me the news"),
        ("Send me the news every weekday at 8.", "Send me the news."),
        ("remind me tomorrow at 9 to call mum", "remind me to call mum"),
        ("at 6pm tomorrow, water the plants", "water the plants"),
        ("jeden Werktag um 8 schick mir die Nachrichten", "schick mir die Nachrichten"),
        ("erinnere mich morgen um 9 an den Zahnarzt", "erinnere mich an den Zahnarzt"),
    ],
)
def test_the_rest_of_the_sentence_is_left_over(text: str, rest: str) -> None:
    phrase = read(text)
    assert phrase is not None
    assert phrase.rest == rest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "Guten Morgen",
        "send the friday report",
        "the 9 o'clock meeting",
        "at 25",
        "every day at 25",
        "jeden Tag um 25 Uhr",
        "every day at 8 or 9",
        "every day at 8 and 10",
        "every day at 8-9",
        "every 0 minutes",
        "every hour at 9",
        "every week",
        "next friday at 9",
        "nächsten Freitag um 9",
        "am 30.2. um 9",
        "jede Woche",
        "13pm every day",
    ],
)
def test_what_is_unclear_or_no_time_is_not_read(text: str) -> None:
    assert read(text) is None
    assert read(text, "de") is None


def test_a_moment_that_has_passed_is_read_as_what_it_is() -> None:
    phrase = read("today at 9")
    assert phrase is not None
    assert phrase.rule.kind is RuleKind.ONCE
    assert next_run(phrase.rule, SUNDAY) is None


@given(st.text(max_size=200))
def test_any_text_is_read_or_not_without_an_error(text: str) -> None:
    read(text)


_TIMES = st.builds(
    lambda hour, minute: (f"{hour}:{minute:02}", hour, minute),
    st.integers(0, 23),
    st.integers(0, 59),
)


@given(
    _TIMES,
    st.sampled_from(
        [("every day at {}", "*"), ("every weekday at {}", "MON-FRI"), ("täglich um {} Uhr", "*"),
         ("jeden Werktag um {}", "MON-FRI"), ("on mondays at {}", "MON"), ("freitags um {}", "FRI")]
    ),
    st.sampled_from(["send me the news", "say “hello” to Ada", "schreib 3 Sätze", "buy 2 apples"]),
    st.sampled_from(["{when} {rest}", "{rest} {when}", "{when}: {rest}"]),
)  # fmt: skip
def test_every_time_of_day_is_read_wherever_it_stands(
    time: tuple[str, int, int], phrase: tuple[str, str], rest: str, form: str
) -> None:
    written, hour, minute = time
    text = form.format(when=phrase[0].format(written), rest=rest)
    found = read(text)
    assert found is not None
    assert found.rule.text == f"{minute} {hour} * * {phrase[1]}"
    assert found.rest == rest


@given(
    st.integers(1, 1000),
    st.sampled_from(["minutes", "hours", "days", "weeks", "Minuten", "Stunden", "Tagen", "Wochen"]),
)
def test_whatever_lies_ahead_can_be_kept(count: int, unit: str) -> None:
    found = read(f"in {count} {unit}")
    assert found is not None
    assert check_rule(found.rule, SUNDAY) > SUNDAY
