"""Finds the sums in a sentence and writes them as the calculator reads them."""

import re
from collections.abc import Callable
from typing import NamedTuple


class Sum(NamedTuple):
    """An expression, and where in the text it was found."""

    start: int
    end: int
    expression: str


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


_NUMBER = r"\d{1,3}(?:[.,]\d{3})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)?|(?<![\d\w])[.,]\d+"

_KINDS: tuple[tuple[str, str, str | None], ...] = (
    ("value", rf"(?:{_NUMBER})(?!\w)|(?:{_NUMBER})(?=x\s*\d)", None),
    ("after", r"(?:%|percent|per cent|prozent)\s*(?:of|von|vom)\b", "/100*"),
    ("binary", r"%(?=\s*[\d(])|\bmod(?:ulo)?\b", "%"),
    ("after", r"%|\bper ?cent\b|\bprozent\b", "/100"),
    ("after", r"\bsquared\b|\b(?:zum|im) quadrat\b|²", "^2"),
    ("after", r"\bcubed\b|³", "^3"),
    ("binary", r"\bto the power of\b|\braised to\b|\bhoch\b|\^|\*\*", "^"),
    ("binary", r"//", "//"),
    ("binary", r"\bdivided by\b|\b(?:geteilt |dividiert )?durch\b|[/÷:]", "/"),
    ("binary", r"\bmultiplied by\b|\bmultipliziert mit\b|\btimes\b|\bmal\b|x(?=\s*\d)|[*×·]", "*"),
    ("sign", r"\bplus\b|\+", "+"),
    ("sign", r"\bminus\b|[-−–]", "-"),
    (
        "function",
        r"\bsquare root(?: of)?\b|\b(?:quadrat)?wurzel(?: aus| von)?\b|\bsqrt\b|√",
        "sqrt",
    ),
    ("function", r"\bfactorial(?: of)?\b|\bfakultät(?: von)?\b", "factorial"),
    ("function", r"\b(?:asin|acos|atan|sin|cos|tan|ln|log10|log2|log|exp|abs)\b", None),
    ("value", r"\bpi\b|π", "pi"),
    ("value", r"\be\b(?=\s*[-+*/^)])|(?<=[-+*/^(])e\b", "e"),
    ("factorial", r"!(?!\w)", "!"),
    ("open", r"\(", "("),
    ("close", r"\)", ")"),
    ("space", r"\s+", None),
    ("other", r"[^\W\d_]+|.", None),
)
_TOKENS = [(kind, re.compile(pattern, re.IGNORECASE), text) for kind, pattern, text in _KINDS]

_ONE = rf"({_NUMBER})"
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), template)
    for pattern, template in (
        (rf"\b(?:sum of|summe (?:aus|von)) {_ONE} (?:and|und) {_ONE}", "{0}+{1}"),
        (rf"\b(?:product of|produkt (?:aus|von)) {_ONE} (?:and|und) {_ONE}", "{0}*{1}"),
        (rf"\b(?:add|addiere) {_ONE} (?:and|to|und|zu) {_ONE}", "{0}+{1}"),
        (rf"\b(?:multiply|multipliziere) {_ONE} (?:by|with|and|mit|und) {_ONE}", "{0}*{1}"),
        (rf"\b(?:divide|teile|dividiere) {_ONE} (?:by|durch) {_ONE}", "{0}/{1}"),
        (rf"\b(?:subtract|subtrahiere|ziehe?) {_ONE} (?:from|von) {_ONE}", "{1}-{0}"),
        (rf"\b(?:half of|hälfte von) {_ONE}", "{0}/2"),
        (rf"\b(?:twice|double|doppelte von) {_ONE}", "2*{0}"),
    )
)

_NO_SUMS = re.compile(
    r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}\.\d{1,2}\.(?:\d{2,4})?(?!\d)|\b\d{1,2}:\d\d\b|\b24/7\b"
    r"|\bUTC[+-]\d+(?::\d\d)?|\b\w+/\w*[A-Za-z_]\w*\b",
    re.IGNORECASE,
)


def find_sums(text: str, language: str) -> list[Sum]:
    """The sums in a text, in its order. German numbers have a decimal comma."""
    text = _NO_SUMS.sub(lambda match: "_" * len(match[0]), text)
    found: list[Sum] = []
    for pattern, template in _PHRASES:
        for match in pattern.finditer(text):
            numbers = [plain_number(number, language) for number in match.groups()]
            found.append(Sum(*match.span(), template.format(*numbers)))
        text = pattern.sub(lambda match: "_" * len(match[0]), text)
    tokens = _tokens(text, language)
    at = 0
    while at < len(tokens):
        reader = _Reading(tokens, at)
        expression = reader.expression()
        if expression and reader.calculates:
            found.append(Sum(tokens[at].start, tokens[reader.at - 1].end, expression))
        at = max(reader.at, at + 1)
    return sorted(found)


def plain_number(number: str, language: str) -> str:
    """A number as programs write it: no thousands marks, decimal point."""
    thousands, decimal = (".", ",") if language == "de" else (",", ".")
    if re.fullmatch(rf"\d{{1,3}}(?:\{thousands}\d{{3}})+(?:\{decimal}\d+)?", number):
        number = number.replace(thousands, "")
    number = number.replace(",", ".")
    return "0" + number if number.startswith(".") else number


def _tokens(text: str, language: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        token = _token_at(text, at, language)
        if token.kind != "space":
            tokens.append(token)
        at = token.end
    return tokens


def _token_at(text: str, at: int, language: str) -> _Token:
    for kind, pattern, canonical in _TOKENS:
        match = pattern.match(text, at)
        if match and kind == "value" and canonical is None:
            return _Token(kind, plain_number(match[0], language), *match.span())
        if match:
            return _Token(kind, canonical or match[0].lower(), *match.span())
    return _Token("other", text[at], at, at + 1)


class _Reading:
    """Reads the longest expression that begins at a token; `at` is the first token behind it."""

    def __init__(self, tokens: list[_Token], at: int) -> None:
        self.at = at
        self.calculates = False
        self._tokens = tokens

    def expression(self) -> str | None:
        """Terms joined by operators, as far as they make sense."""
        left = self._signed()
        while left is not None and (operator := self._next("binary", "sign")):
            right = self._or_back(self._signed)
            if right is None:
                self.at -= 1
                break
            self.calculates = True
            left += operator + right
        return left

    def _signed(self) -> str | None:
        sign = self._next("sign")
        value = self._or_back(self._value)
        if value is None:
            return None
        return "-" + value if sign == "-" else value

    def _value(self) -> str | None:
        value = self._next("value") or self._group() or self._call()
        while value is not None:
            if self._next("factorial"):
                value = f"factorial({value})"
            elif after := self._percent_or_power():
                value += after
            else:
                break
            self.calculates = True
        return value

    def _percent_or_power(self) -> str | None:
        after = self._next("after")
        if after and after.endswith("*"):
            base = self._or_back(self._signed)
            return after + base if base else "/100"
        return after

    def _group(self) -> str | None:
        if not self._next("open"):
            return None
        inner = self.expression()
        return f"({inner})" if inner and self._next("close") else None

    def _call(self) -> str | None:
        name = self._next("function")
        if name is None:
            return None
        argument = self._or_back(self._group) or self._or_back(self._argument)
        if argument is None:
            return None
        self.calculates = True
        return name + argument if argument.startswith("(") else f"{name}({argument})"

    def _argument(self) -> str | None:
        return self._next("value") or self._call()

    def _next(self, *kinds: str) -> str | None:
        if self.at < len(self._tokens) and self._tokens[self.at].kind in kinds:
            self.at += 1
            return self._tokens[self.at - 1].text
        return None

    def _or_back(self, read: Callable[[], str | None]) -> str | None:
        """What `read` finds, or nothing read at all."""
        before = self.at
        found = read()
        if found is None:
            self.at = before
        return found
