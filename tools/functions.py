"""What the calculator knows by name: functions, with how many numbers they take, and constants."""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

from tools.arithmetic import (
    Number,
    absolute,
    add,
    as_decimal,
    bounded,
    divide,
    factorial,
    floor,
    multiply,
    negate,
    power,
    remainder,
    whole,
    working,
)
from tools.runtime import Refused

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628621")
_E = Decimal("2.71828182845904523536028747135266249775724709369995957496696762772407663035355")
CONSTANTS: dict[str, Decimal] = {"pi": PI, "π": PI, "tau": 2 * PI, "e": _E}

_MOST_PLACES = 100
_LARGEST_ANGLE = 10**15
_HALVINGS = 4
_EXTRA = 20


class Function(NamedTuple):
    """How to call it, and with how many numbers at least and at most."""

    call: Callable[..., Number]
    least: int = 1
    most: int = 1


def _round(value: Number, places: Number = Fraction(0)) -> Number:
    """Half away from zero, as people do."""
    digits = whole(places, "The number of places")
    if abs(digits) > _MOST_PLACES:
        raise Refused(f"round() knows up to {_MOST_PLACES} places.")
    scale = Fraction(10) ** digits
    size = floor(add(multiply(absolute(value), scale), Fraction(1, 2)))
    return (size if value >= 0 else -size) / scale


def _log(value: Number, base: Number = Fraction(10)) -> Number:
    if value <= 0 or base <= 0 or base == 1:
        raise Refused("A logarithm needs positive numbers, and a base other than 1.")
    with working() as context:
        result = context.ln(as_decimal(value)) / context.ln(as_decimal(base))
    near = Fraction(round(result))
    if isinstance(base, Fraction) and abs(result - round(result)) < Decimal("1e-30"):
        return near if power(base, near) == value else result
    return result


def _ln(value: Number) -> Number:
    return Fraction(0) if value == 1 else _log(value, _E)


def _sum(*values: Number) -> Number:
    return reduce(add, values)


def _mean(*values: Number) -> Number:
    return divide(_sum(*values), Fraction(len(values)))


def _integers(values: Sequence[Number]) -> list[int]:
    return [whole(value, "Each number here") for value in values]


def _common_multiple(*values: Number) -> Number:
    return reduce(
        lambda a, b: bounded(Fraction(math.lcm(a.numerator, b))), _integers(values), Fraction(1)
    )


def _root(value: Number, degree: Number) -> Number:
    if value < 0 and whole(degree, "The degree of this root") % 2:
        return negate(_root(negate(value), degree))
    return power(value, divide(Fraction(1), degree))


def _sine(value: Number) -> Number:
    if absolute(value) > _LARGEST_ANGLE:
        raise Refused("The angle is too large; give one of a few turns.")
    with working(extra=_EXTRA):
        angle = as_decimal(value) if isinstance(value, Decimal) else _exactly(value)
        angle = angle.remainder_near(2 * PI)
        term, total, n = angle, angle, 1
        while abs(term) > Decimal("1e-55"):
            n += 2
            term *= -angle * angle / (n * (n - 1))
            total += term
        return Decimal(0) if abs(total) < Decimal("1e-30") else total


def _cosine(value: Number) -> Number:
    with working(extra=_EXTRA):
        quarter = as_decimal(value) if isinstance(value, Decimal) else _exactly(value)
        quarter += PI / 2
    return _sine(quarter)


def _tangent(value: Number) -> Number:
    return divide(_sine(value), _cosine(value))


def _arc_tangent(value: Number) -> Number:
    with working(extra=_EXTRA):
        x = as_decimal(value)
        if abs(x) > 1:
            return (PI / 2).copy_sign(x) - as_decimal(_arc_tangent(1 / x))
        for _ in range(_HALVINGS):
            x /= 1 + (1 + x * x).sqrt()
        term, total, n = x, x, 1
        while abs(term) > Decimal("1e-55"):
            term *= -x * x
            n += 2
            total += term / n
        return total * (1 << _HALVINGS)


def _arc_sine(value: Number) -> Number:
    if absolute(value) > 1:
        raise Refused("asin and acos take a number from -1 to 1.")
    if absolute(value) == 1:
        return (PI / 2).copy_sign(as_decimal(value))
    with working(extra=_EXTRA):
        x = as_decimal(value)
        return _arc_tangent(x / (1 - x * x).sqrt())


def _arc_cosine(value: Number) -> Number:
    with working(extra=_EXTRA):
        return PI / 2 - as_decimal(_arc_sine(value))


def _exactly(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / value.denominator


def degrees_to_radians(value: Number) -> Number:
    """What `°` does."""
    with working(extra=_EXTRA):
        return as_decimal(value) * PI / 180


_MANY = 100
FUNCTIONS: dict[str, Function] = {
    "sqrt": Function(lambda x: power(x, Fraction(1, 2))),
    "cbrt": Function(lambda x: _root(x, Fraction(3))),
    "root": Function(_root, 2, 2),
    "abs": Function(absolute),
    "min": Function(min, 1, _MANY),
    "max": Function(max, 1, _MANY),
    "sum": Function(_sum, 1, _MANY),
    "mean": Function(_mean, 1, _MANY),
    "floor": Function(floor),
    "ceil": Function(lambda x: negate(floor(negate(x)))),
    "round": Function(_round, 1, 2),
    "mod": Function(remainder, 2, 2),
    "gcd": Function(lambda *x: Fraction(math.gcd(*_integers(x))), 1, _MANY),
    "lcm": Function(_common_multiple, 1, _MANY),
    "factorial": Function(factorial),
    "exp": Function(lambda x: power(_E, x)),
    "ln": Function(_ln),
    "log": Function(_log, 1, 2),
    "log2": Function(lambda x: _log(x, Fraction(2))),
    "log10": Function(_log),
    "sin": Function(_sine),
    "cos": Function(_cosine),
    "tan": Function(_tangent),
    "asin": Function(_arc_sine),
    "acos": Function(_arc_cosine),
    "atan": Function(_arc_tangent),
    "radians": Function(degrees_to_radians),
    "degrees": Function(lambda x: divide(multiply(x, Fraction(180)), PI)),
}
