from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.clock import now
from tools.clock import tell_time
from tools.runtime import Refused


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.partition("ISO 8601: ")[2].partition(",")[0])


def test_the_clock_tells_the_present_moment_in_the_zone_asked_for() -> None:
    text = tell_time("Asia/Tokyo")

    assert abs(_moment(text) - now()) < timedelta(seconds=5)
    assert _moment(text).utcoffset() == timedelta(hours=9)
    assert "Asia/Tokyo (UTC+09:00)" in text


def test_without_a_zone_in_mind_utc_will_do() -> None:
    assert f"{now():%A}" in tell_time("UTC") and " in UTC. " in tell_time("UTC")


@pytest.mark.parametrize("name", ["europe/berlin", "Berlin", " berlin ", "EUROPE/BERLIN"])
def test_a_zone_is_known_in_any_case_and_by_its_city(name: str) -> None:
    assert "in Europe/Berlin (UTC+0" in tell_time(name)


def test_an_unknown_zone_is_refused_with_close_matches() -> None:
    with pytest.raises(Refused, match="There is no time zone “Europe/Berln”.*Europe/Berlin"):
        tell_time("Europe/Berln")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "Europe", "\0", "Mars/Olympus", "é" * 99])
def test_what_is_no_zone_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(Refused, match="There is no time zone"):
        tell_time(name)


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_the_clock(name: str) -> None:
    try:
        assert "ISO 8601" in tell_time(name)
    except Refused as refusal:
        assert str(refusal).endswith((".", "?"))
