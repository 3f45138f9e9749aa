"""The calculator: one expression in, one line out, exact wherever a fraction can say it."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from tools.arithmetic import DIGITS, Number, as_decimal, tidy, working
from tools.expression import evaluate
from tools.runtime import Refused, answer

MOST_DIGITS = 1_000
"""A longer result is of no use to a reader."""

_LONG = 60
_PLAIN = range(-12, 60)


def calculator(
    expression: Annotated[
        str, Field(description="The calculation, as (12*7+3)/2 or sqrt(2)^3. No variables.")
    ],
) -> CallToolResult:
    """Calculate exactly. Use it for all arithmetic, also for sums that look easy.

    Operators: + - * / ^ (or **) // mod ! and brackets. `15%` is 0.15, `10 % 3` is a remainder.
    Functions: sqrt cbrt root abs min max sum mean floor ceil round(x, places) gcd lcm factorial
    exp ln log(x, base) log2 log10 sin cos tan asin acos atan (radians; write sin(30°) for degrees).
    Constants: pi e tau. One expression per call; put values in place of names.
    A result after = is exact, one after ≈ is rounded to 28 digits.
    """
    return answer(calculate, expression)


def calculate(expression: str) -> str:
    """`12*7+3 = 87`. Refuses, with a sentence, what is no calculation or would be too large."""
    shown, value = evaluate(expression)
    return f"{shown} {show(value)}"


def show(value: Number) -> str:
    """A value with its sign of relation: `= 87`, `= 0.333… (exactly 1/3)`, `≈ 1.414…`."""
    if isinstance(value, Decimal):
        return f"≈ {_plain(tidy(value))}"
    if value.denominator == 1:
        return f"= {_whole(value.numerator)}"
    if (places := _decimal_places(value.denominator)) is not None:
        return f"= {_terminating(value, places)}"
    digits = _plain(tidy(as_decimal(value)))
    exact = f"{value.numerator}/{value.denominator}" if _is_short(value) else None
    if exact is None:
        return f"≈ {digits}"
    return f"= {_cut(value)}… (exactly {exact})"


def _whole(number: int) -> str:
    if number.bit_length() > 3 * MOST_DIGITS and abs(number) >= 10**MOST_DIGITS:
        raise Refused(
            f"The result has more than {MOST_DIGITS:,} digits. Ask for less, as its logarithm."
        )
    return str(number)


def _decimal_places(denominator: int) -> int | None:
    """Places after the point of an exact decimal; None if it never ends, or much too late."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0 and fives <= MOST_DIGITS:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    return places if rest == 1 and places <= MOST_DIGITS else None


def _terminating(value: Fraction, places: int) -> str:
    digits = _whole(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def _is_short(value: Fraction) -> bool:
    longest: int = 10**_LONG
    return abs(value.numerator) < longest and value.denominator < longest


def _cut(value: Fraction) -> str:
    """The first digits of a decimal that never ends: cut, not rounded, for more follow."""
    whole = abs(value.numerator) // value.denominator
    zeros = 0 if whole else _zeros_after_the_point(abs(value))
    places = zeros + DIGITS
    scaled = abs(value.numerator) * 10**places // value.denominator
    return _terminating(Fraction(-scaled if value < 0 else scaled, 1) / 10**places, places)


def _zeros_after_the_point(value: Fraction) -> int:
    return max(0, -as_decimal(value).adjusted() - 1)


def _plain(number: Decimal) -> str:
    """Without an exponent as long as people can read it so."""
    if number == 0:
        return "0"
    with working():
        short = number.normalize()
    if short.adjusted() in _PLAIN:
        return f"{short:f}"
    return f"{short:e}".replace("e+", "e")
