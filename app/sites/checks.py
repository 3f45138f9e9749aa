"""What may be said of a site: its name, its origins, its texts and colours."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from app.core.db import is_storable
from app.core.errors import Invalid

LONGEST_NAME = 60
LONGEST_INSTRUCTIONS = 2_000
LONGEST_TEXT = 300
LONGEST_PATTERN = 200
LONGEST_MODEL = 255
MOST_ORIGINS = 20
MOST_TOOLS = 100
MOST_COLORS = 20
MOST_MESSAGES = 1_000_000

LANGUAGES = ("en", "de")
TEXTS = ("title", "greeting", "placeholder", "disclaimer")

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_PORTS = {"http": 80, "https": 443}
_COLOR_NAME = re.compile(r"[a-z]{1,20}(_dark)?")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_PATTERN = re.compile(r"[^/\s]+/\S[^\n]*|\*")


def clean_origin(given: str) -> str:
    """`https://host[:port]` as browsers say it. Raises Invalid, for plain http but locally."""
    shown = given[:100]
    wrong = Invalid(
        f"“{shown}” is not an origin: it reads like https://www.example.com, without a path.",
        field="origins",
    )
    try:
        parts = urlsplit(given.strip())
        host, port = _ascii(parts.hostname or ""), parts.port
    except ValueError as error:
        raise wrong from error
    has_more = parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in _PORTS or has_more or not _HOST.fullmatch(host):
        raise wrong
    if parts.scheme == "http" and not _is_local(host):
        raise Invalid(
            f"“{shown}” has to begin with https://; only a site on this machine may do without.",
            field="origins",
        )
    port_shown = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{port_shown}"


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the form that is kept. Raises Invalid with the field."""
    return {name: _CHECKS.get(name, _as_it_is)(value) for name, value in given.items()}


def _as_it_is(given: Any) -> Any:
    return given


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode().lower() if not host.isascii() else host.lower()
    except UnicodeError as error:
        raise ValueError(host) from error


def _is_local(host: str) -> bool:
    return host in ("localhost", "127.0.0.1") or host.endswith(".localhost")


def _name(given: str) -> str:
    clean = " ".join(given.split())
    if not 1 <= len(clean) <= LONGEST_NAME or not is_storable(clean):
        raise Invalid(f"The name of a site has 1 to {LONGEST_NAME} characters.", field="name")
    return clean


def _origins(given: Iterable[str]) -> list[str]:
    clean = list(dict.fromkeys(map(clean_origin, given)))
    if not 1 <= len(clean) <= MOST_ORIGINS:
        raise Invalid(f"A site has 1 to {MOST_ORIGINS} origins.", field="origins")
    return clean


def _model(given: str | None) -> str | None:
    if given and (len(given) > LONGEST_MODEL or not is_storable(given)):
        raise Invalid("This is not the name of a model.", field="model")
    return given or None


def _instructions(given: str | None) -> str | None:
    clean = (given or "").strip()
    if len(clean) > LONGEST_INSTRUCTIONS or not is_storable(clean):
        raise Invalid(
            f"Instructions have at most {LONGEST_INSTRUCTIONS} characters.", field="instructions"
        )
    return clean or None


def _tools(given: Iterable[str]) -> list[str]:
    clean = list(dict.fromkeys(each.strip() for each in given))
    for pattern in clean:
        if not _PATTERN.fullmatch(pattern) or len(pattern) > LONGEST_PATTERN:
            raise Invalid(
                f"“{pattern[:100]}” does not name tools: it reads like server/tool or server/*.",
                field="tools",
            )
    if len(clean) > MOST_TOOLS:
        raise Invalid(f"A site names at most {MOST_TOOLS} tools.", field="tools")
    return clean


def _texts(given: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    kept: dict[str, dict[str, str]] = {}
    for language, texts in given.items():
        for name, text in texts.items():
            if language not in LANGUAGES or name not in TEXTS:
                raise Invalid("The texts of a site are not of this form.", field="texts")
            if len(text) > LONGEST_TEXT or not is_storable(text):
                raise Invalid(f"A text has at most {LONGEST_TEXT} characters.", field="texts")
            if clean := text.strip():
                kept.setdefault(language, {})[name] = clean
    return kept


def _colors(given: Mapping[str, str]) -> dict[str, str]:
    if len(given) > MOST_COLORS:
        raise Invalid(f"A site has at most {MOST_COLORS} colours.", field="colors")
    for name, color in given.items():
        if not _COLOR_NAME.fullmatch(name) or not _COLOR.fullmatch(color):
            raise Invalid("A colour reads like #1a7f5a.", field="colors")
    return {name: color.lower() for name, color in given.items()}


def _messages(field: str) -> Callable[[int], int]:
    def check(given: int) -> int:
        if not 1 <= given <= MOST_MESSAGES:
            raise Invalid(f"A limit is 1 to {MOST_MESSAGES} messages.", field=field)
        return given

    return check


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "origins": _origins,
    "model": _model,
    "instructions": _instructions,
    "tools": _tools,
    "texts": _texts,
    "colors": _colors,
    "messages_per_visitor_day": _messages("messages_per_visitor_day"),
    "messages_per_day": _messages("messages_per_day"),
}
