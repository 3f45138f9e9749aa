"""Expressions of the calculator: read and worked out in one pass, with a bounded depth.

Understands what people and models type: ^ and **, × ÷ − √ π ² ³ °, percent, factorial, brackets,
and a decimal comma wherever a comma cannot separate the arguments of a function.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from tools.arithmetic import (
    Number,
    add,
    bounded,
    divide,
    factorial,
    floor_divide,
    multiply,
    negate,
    power,
    remainder,
    subtract,
)
from tools.functions import CONSTANTS, FUNCTIONS, degrees_to_radians
from tools.runtime import Refused

LONGEST = 500
DEEPEST = 40

_LARGEST_EXPONENT = 2_000
_EXPONENT = r"(?:[eE][+-]?\d+)?"
_POINT = re.compile(rf"(?:\d+(?:\.\d*)?|\.\d+){_EXPONENT}", re.ASCII)
_POINT_OR_COMMA = re.compile(rf"(?:\d+(?:\.\d*|,\d+)?|\.\d+){_EXPONENT}", re.ASCII)
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*|π")
_SIGN = re.compile(r"\*\*|//|!!|[-+*/^%!(),;°²³√×·∙÷:−–]")

_SAME = {"**": "^", "×": "*", "·": "*", "∙": "*", "÷": "/", ":": "/", "−": "-", "–": "-", ";": ","}
_WORDS = {"of": "*", "von": "*", "x": "*", "mod": "mod"}

_Infix = Callable[[Number, Number], Number]
_INFIX: dict[str, tuple[int, int, _Infix]] = {
    "+": (10, 11, add),
    "-": (10, 11, subtract),
    "*": (20, 21, multiply),
    "/": (20, 21, divide),
    "//": (20, 21, floor_divide),
    "mod": (20, 21, remainder),
    "^": (30, 29, power),
}
"""Sign → (how strongly it binds to the left, to the right, what it does)."""

_UNARY = 25
_POSTFIX: dict[str, Callable[[Number], Number]] = {
    "!": factorial,
    "%": lambda value: divide(value, Fraction(100)),
    "°": degrees_to_radians,
    "²": lambda value: power(value, Fraction(2)),
    "³": lambda value: power(value, Fraction(3)),
}


class Token(NamedTuple):
    """A word of the expression and where it stands; `kind` is number, name, sign or end."""

    kind: str
    text: str
    place: int


def evaluate(expression: str) -> tuple[str, Number]:
    """The expression as it was understood, and its value. Refuses with a sentence."""
    text = " ".join(expression.split()).rstrip("=? ")
    if not text:
        raise Refused("There is nothing to calculate. Give an expression, as 12*7+3.")
    if len(text) > LONGEST:
        raise Refused(f"The expression is longer than {LONGEST} characters. Do it in parts.")
    tokens = _split(text)
    value = _Reader(tokens).read()
    return _with_points(text, tokens), value


def _split(text: str) -> list[Token]:
    tokens: list[Token] = []
    brackets: list[bool] = []
    place = 0
    while place < len(text):
        if text[place] == " ":
            place += 1
            continue
        in_call = bool(brackets) and brackets[-1]
        token = _next_token(text, place, _POINT if in_call else _POINT_OR_COMMA)
        if token.text == "(":
            brackets.append(bool(tokens) and tokens[-1].text.lower() in FUNCTIONS)
        elif token.text == ")" and brackets:
            brackets.pop()
        tokens.append(token)
        place += len(token.text)
    return [*tokens, Token("end", "", place)]


def _next_token(text: str, place: int, number: re.Pattern[str]) -> Token:
    for kind, pattern in (("number", number), ("name", _NAME), ("sign", _SIGN)):
        if found := pattern.match(text, place):
            return Token(kind, found[0], place)
    raise Refused(f"I do not understand “{text[place]}” at position {place + 1}.")


def _with_points(text: str, tokens: list[Token]) -> str:
    """The text with every decimal comma as a point."""
    for token in tokens:
        if token.kind == "number" and "," in token.text:
            end = token.place + len(token.text)
            text = text[: token.place] + token.text.replace(",", ".") + text[end:]
    return text


class _Reader:
    """Reads tokens from left to right; what binds most strongly is worked out first."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def read(self) -> Number:
        """The value of all tokens."""
        value = self._expression(0)
        self._require_end()
        return value

    def _expression(self, strength: int) -> Number:
        """Everything from here that binds at least as strongly as `strength`."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise Refused(f"The expression is nested deeper than {DEEPEST} levels.")
        value = self._operand()
        while True:
            sign = self._sign()
            if sign in _POSTFIX:
                self._at += 1
                value = _POSTFIX[sign](value)
            elif sign in _INFIX and _INFIX[sign][0] >= strength:
                self._at += 1
                _, right, operation = _INFIX[sign]
                value = operation(value, self._expression(right))
            else:
                self._depth -= 1
                return value

    def _sign(self) -> str:
        """The sign at this place, in one spelling; `%` before an operand is the remainder."""
        token = self._tokens[self._at]
        text = token.text.lower()
        if token.kind == "name":
            return _WORDS.get(text, "")
        if text == "%" and self._is_operand(self._tokens[self._at + 1]):
            return "mod"
        return _SAME.get(text, text) if token.kind == "sign" else ""

    @staticmethod
    def _is_operand(token: Token) -> bool:
        is_name = token.kind == "name" and token.text.lower() not in _WORDS
        return token.kind == "number" or is_name or token.text in ("(", "√")

    def _operand(self) -> Number:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "number":
            return _number(token.text)
        if token.kind == "name":
            return self._named(token.text.lower())
        match _SAME.get(token.text, token.text):
            case "(":
                value = self._expression(0)
                self._require(")")
                return value
            case "-":
                return negate(self._expression(_UNARY))
            case "+":
                return self._expression(_UNARY)
            case "√":
                return power(self._expression(_UNARY + 6), Fraction(1, 2))
        raise Refused(f"A number is missing {_where(token)}.")

    def _named(self, name: str) -> Number:
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name not in FUNCTIONS:
            known = ", ".join([*FUNCTIONS, *sorted({"pi", "e", "tau"})])
            raise Refused(f"I do not know “{name[:30]}”. I know {known}; give values for the rest.")
        self._require("(")
        arguments = [self._expression(0)]
        while self._sign() == ",":
            self._at += 1
            arguments.append(self._expression(0))
        self._require(")")
        function = FUNCTIONS[name]
        if not function.least <= len(arguments) <= function.most:
            raise Refused(
                f"{name}() does not take {len(arguments)} numbers. "
                "Write decimals with a point inside its brackets."
            )
        result = function.call(*arguments)
        return bounded(result) if isinstance(result, Fraction) else result

    def _require(self, sign: str) -> None:
        token = self._tokens[self._at]
        if token.text != sign:
            raise Refused(f"A “{sign}” is missing {_where(token)}.")
        self._at += 1

    def _require_end(self) -> None:
        token = self._tokens[self._at]
        if token.kind == "end":
            return
        if token.text == "," or token.text.startswith("."):
            raise Refused("Write numbers without thousands separators, as 1234567.5.")
        if token.text == ")":
            raise Refused(f"There is a “)” too many {_where(token)}.")
        raise Refused(f"An operator, as *, is missing {_where(token)}.")


def _number(text: str) -> Number:
    digits, _, exponent = text.replace(",", ".").lower().partition("e")
    if abs(int(exponent or 0)) > _LARGEST_EXPONENT:
        raise Refused(f"Exponents of ten are known up to {_LARGEST_EXPONENT}.")
    return Fraction(Decimal(digits)) * Fraction(10) ** int(exponent or 0)


def _where(token: Token) -> str:
    if token.kind == "end":
        return "at the end"
    return f"before “{token.text[:20]}” at position {token.place + 1}"
