"""The list of OWASP ASVS 5.0.0 requirements is whole, and what it says of tests is true."""

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.security.marks import marks

PAGE = Path(__file__).parents[2] / "docs" / "asvs.md"
STANDINGS = {"met by test", "met by design", "not applicable", "not met"}

REQUIREMENTS = {
    "1": """
    1.2.1,2,3,4,5 1.3.1,2 1.5.1 2.1.1 2.2.1,2 2.3.1 3.2.1,2 3.3.1 3.4.1,2 3.5.1,2,3 4.1.1 4.4.1
    5.2.1,2 5.3.1,2 6.1.1 6.2.1,2,3,4,5,6,7,8 6.3.1,2 6.4.1,2 7.2.1,2,3,4 7.4.1,2 8.1.1 8.2.1,2
    8.3.1 9.1.1,2,3 9.2.1 10.4.1,2,3,4,5 11.3.1,2 11.4.1 12.1.1 12.2.1,2 13.4.1 14.2.1 14.3.1
    15.1.1 15.2.1 15.3.1
    """,
    "2": """
    1.1.1,2 1.2.6,7,8,9 1.3.3,4,5,6,7,8,9,10,11 1.4.1,2,3 1.5.2 2.1.2,3 2.2.3 2.3.2,3,4 2.4.1
    3.3.2,3,4 3.4.3,4,5,6 3.5.4,5 3.7.1,2 4.1.2,3 4.2.1 4.3.1,2 4.4.2,3,4 5.1.1 5.2.3 5.4.1,2,3
    6.1.2,3 6.2.9,10,11,12 6.3.3,4 6.4.3,4 6.5.1,2,3,4,5 6.6.1,2,3 6.8.1,2,3,4 7.1.1,2,3 7.3.1,2
    7.4.3,4,5 7.5.1,2 7.6.1,2 8.1.2 8.2.3 8.4.1 9.2.2,3,4 10.1.1,2 10.2.1,2 10.3.1,2,3,4
    10.4.6,7,8,9,10,11 10.5.1,2,3,4,5 10.6.1,2 10.7.1,2,3 11.1.1,2 11.2.1,2,3 11.3.3 11.4.2,3,4
    11.5.1 11.6.1 12.1.2,3 12.3.1,2,3,4 13.1.1 13.2.1,2,3,4,5 13.3.1,2 13.4.2,3,4,5 14.1.1,2
    14.2.2,3,4 14.3.2,3 15.1.2,3 15.2.2,3 15.3.2,3,4,5,6,7 16.1.1 16.2.1,2,3,4,5 16.3.1,2,3,4
    16.4.1,2,3 16.5.1,2,3 17.1.1 17.2.1,2,3,4 17.3.1,2
    """,
}
"""The numbers of each level in the published standard; `6.2.1,2` stands for 6.2.1 and 6.2.2."""

LEVEL_3 = """
    1.2.10 1.3.12 1.5.3 2.3.5 2.4.2 3.1.1 3.2.3 3.3.5 3.4.7,8 3.5.6,7,8 3.6.1 3.7.3,4,5 4.1.4,5
    4.2.2,3,4,5 5.2.4,5,6 5.3.3 6.3.5,6,7,8 6.4.5,6 6.5.6,7,8 6.6.4 6.7.1,2 7.5.3 8.1.3,4 8.2.4
    8.3.2,3 8.4.2 10.2.3 10.3.5 10.4.12,13,14,15,16 11.1.3,4 11.2.4,5 11.3.4,5 11.5.2 11.6.2
    11.7.1,2 12.1.4,5 12.3.5 13.1.2,3,4 13.2.6 13.3.3,4 13.4.6,7 14.2.5,6,7,8 15.1.4,5 15.2.4,5
    15.4.1,2,3,4 16.5.4 17.1.2 17.2.5,6,7,8
"""
"""Not in the list; a test may show one all the same."""

SHOWN_BY_TESTS = """
    1.2.4 1.3.1 1.3.6 1.5.2 2.2.1,2 2.3.3 2.4.1 3.2.1 3.3.1,3,4 3.4.1,2,3,4,5,6 3.5.1,3,5 3.7.2
    4.1.3 4.4.2 5.2.1,2 5.3.2 6.2.1,2,3,4,5,6,7,8,9,12 6.3.1,2,3 6.8.1 7.2.3,4 7.3.1,2 7.4.1,2,3
    7.5.2 8.2.1,2,3 8.4.1 9.1.2 9.2.1,2,3 10.1.2 10.2.1,2 10.5.1,2,3,4 11.2.2 11.3.2 12.1.1 12.3.1
    13.3.1 13.4.2,5 14.2.1 14.3.2 15.3.2,3,4 16.2.5 16.3.1,2 16.4.1,2 16.5.1,2,3
"""
"""What has to be shown by a test: a sentence about it is not enough."""


class Line(NamedTuple):
    """One requirement of the list."""

    number: str
    level: str
    asked: str
    standing: str
    where: str


@cache
def lines() -> list[Line]:
    """The list as it stands in the document."""
    found = re.findall(r"^\| (\d+\.\d+\.\d+) \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [Line(number, *(cell.strip() for cell in rest.split("|"))) for number, rest in found]


def numbers(written: str) -> list[str]:
    """`6.2.1,2` are 6.2.1 and 6.2.2."""
    return [
        f"{section}.{last}"
        for section, lasts in (word.rsplit(".", 1) for word in written.split())
        for last in lasts.split(",")
    ]


def test_every_requirement_of_both_levels_stands_there_once() -> None:
    published = Counter(
        (number, level) for level, written in REQUIREMENTS.items() for number in numbers(written)
    )
    assert published.total() == 253
    assert Counter((line.number, line.level) for line in lines()) == published


def test_every_line_says_how_it_stands_and_where_or_why() -> None:
    for line in lines():
        assert line.standing in STANDINGS, line
        assert line.asked and line.where, line


def test_what_is_met_by_a_test_names_tests_that_carry_its_number() -> None:
    for line in lines():
        if line.standing == "met by test":
            named = re.findall(r"`([\w/]+\.py::\w+)`", line.where)
            assert named, f"{line.number} names no test"
            for test in named:
                assert test in marks(), f"{line.number} names {test}, which does not exist"
                assert line.number in marks()[test], f"{test} does not carry {line.number}"


def test_every_number_that_a_test_carries_is_a_requirement() -> None:
    known = {line.number for line in lines()} | set(numbers(LEVEL_3))
    for test, carried in marks().items():
        assert carried <= known, f"{test} carries {sorted(carried - known)}"


def test_what_has_to_be_shown_is_shown_by_a_test() -> None:
    carried = frozenset().union(*marks().values())
    assert set(numbers(SHOWN_BY_TESTS)) - carried == set()
