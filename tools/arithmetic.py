"""Numbers of the calculator: exact fractions while possible, decimals of bounded size after that.

Every operation is bounded before it is done, so that no expression can take long.
"""

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import (
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from fractions import Fraction

from tools.runtime import Refused

Number = Fraction | Decimal
"""A fraction is exact; a decimal is rounded."""

DIGITS = 28
"""Significant digits of a rounded result. Work is done with more, so that these hold."""

LARGEST_FACTORIAL = 500

_MOST_BITS = 16_384
_MOST_ROOT = 64
_CONTEXT = Context(
    prec=DIGITS + 12,
    Emax=9_999,
    Emin=-9_999,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
_SHOWN = Context(prec=DIGITS, Emax=9_999, Emin=-9_999)
_NOTHING = Decimal(10) ** -(DIGITS + 2)

_TOO_LARGE = "The result, or a step on the way to it, is too large to calculate exactly."
_NO_DIVISION = "Division by zero has no result."
_NOT_REAL = "This has no real result."


@contextmanager
def working(*, extra: int = 0) -> Iterator[Context]:
    """Decimal arithmetic with spare digits; what goes wrong in it becomes a sentence."""
    with localcontext(_CONTEXT) as context:
        context.prec += extra
        try:
            yield context
        except Overflow:
            raise Refused(_TOO_LARGE) from None
        except DivisionByZero:
            raise Refused(_NO_DIVISION) from None
        except InvalidOperation:
            raise Refused(_NOT_REAL) from None


def as_decimal(value: Number) -> Decimal:
    """The value, rounded to working precision if need be."""
    if isinstance(value, Decimal):
        return value
    with working():
        return Decimal(value.numerator) / value.denominator


def tidy(value: Decimal) -> Decimal:
    """Rounded to the digits that hold."""
    return _SHOWN.plus(value)


def bounded(value: Fraction) -> Fraction:
    """The value itself; refused when it has outgrown every use."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise Refused(_TOO_LARGE)
    return value


def whole(value: Number, what: str) -> int:
    """The integer that `what` has to be."""
    if isinstance(value, Decimal) or value.denominator != 1:
        raise Refused(f"{what} must be a whole number.")
    return value.numerator


def floor(value: Number) -> Fraction:
    """The next whole number below."""
    return Fraction(math.floor(tidy(value) if isinstance(value, Decimal) else value))


def add(a: Number, b: Number) -> Number:
    """The sum; zero where nothing but rounding is left of it."""
    return _settled(_both(operator.add, a, b), a, b)


def subtract(a: Number, b: Number) -> Number:
    """The difference; zero where nothing but rounding is left of it."""
    return _settled(_both(operator.sub, a, b), a, b)


def multiply(a: Number, b: Number) -> Number:
    """The product."""
    return _both(operator.mul, a, b)


def divide(a: Number, b: Number) -> Number:
    """The quotient; exact if both are."""
    if b == 0:
        raise Refused(_NO_DIVISION)
    return _both(operator.truediv, a, b)


def floor_divide(a: Number, b: Number) -> Number:
    """How often b goes into a, wholly."""
    return floor(divide(a, b))


def remainder(a: Number, b: Number) -> Number:
    """What is left of a then; it has the sign of b."""
    return subtract(a, multiply(b, floor_divide(a, b)))


def negate(value: Number) -> Number:
    """The same, with the other sign."""
    return -value if isinstance(value, Fraction) else value.copy_negate()


def absolute(value: Number) -> Number:
    """The same, without its sign."""
    return negate(value) if value < 0 else value


def factorial(value: Number) -> Number:
    """The product of all whole numbers from 1 to `value`."""
    number = whole(value, "The number before !")
    if not 0 <= number <= LARGEST_FACTORIAL:
        raise Refused(f"A factorial is calculated from 0 to {LARGEST_FACTORIAL} only.")
    return Fraction(math.factorial(number))


def power(base: Number, exponent: Number) -> Number:
    """Base to the exponent; exact also for roots that come out even."""
    if base == 0 and exponent < 0:
        raise Refused(_NO_DIVISION)
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        root = _exact_root(base, exponent.denominator)
        if root is not None:
            return _whole_power(root, exponent.numerator)
    if exponent == 0:
        return Fraction(1)
    with working() as context:
        return context.power(as_decimal(base), as_decimal(exponent))


def _whole_power(base: Fraction, exponent: int) -> Fraction:
    if abs(base) in (0, 1):
        return base ** (exponent % 2 or 2 * bool(exponent))
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) - 1
    if bits * abs(exponent) > _MOST_BITS:
        raise Refused(_TOO_LARGE)
    return bounded(base**exponent)


def _exact_root(base: Fraction, degree: int) -> Fraction | None:
    """The root if it is a fraction itself, else None."""
    if degree == 1:
        return base
    if base < 0 or degree > _MOST_ROOT:
        return None
    above = _whole_root(base.numerator, degree)
    below = _whole_root(base.denominator, degree)
    return None if above is None or below is None else Fraction(above, below)


def _whole_root(number: int, degree: int) -> int | None:
    """Newton's method from above: a few steps even for thousands of digits."""
    if number == 0:
        return 0
    root = 1 << -(-number.bit_length() // degree)
    while True:
        better = ((degree - 1) * root + number // root ** (degree - 1)) // degree
        if better >= root:
            break
        root = better
    return root if root**degree == number else None


def _both(operation: Callable[[Number, Number], Number], a: Number, b: Number) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        result = operation(a, b)
        return bounded(result) if isinstance(result, Fraction) else result
    with working():
        return operation(as_decimal(a), as_decimal(b))


def _settled(result: Number, a: Number, b: Number) -> Number:
    """Zero where only rounding is left of a difference, as in sqrt(2)^2 - 2."""
    if isinstance(result, Fraction):
        return result
    with working():
        largest = max(abs(as_decimal(a)), abs(as_decimal(b)))
        return Decimal(0) if abs(result) < largest * _NOTHING else result
