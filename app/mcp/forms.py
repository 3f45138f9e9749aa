"""Forms that servers have filled in by a person: read from their schema, and checked as answered.

MCP 2025-11-25, elicitation, form mode: flat, and of few kinds. The schema is somebody else's, so it
is turned into fields of our own first: texts are plain and short, and what is not known is refused.
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from app.core.db import JSON
from app.core.errors import Invalid
from app.mcp.schema import complaint
from app.mcp.storable import storable
from app.mcp.words import plain, plain_line

MOST_FIELDS = 50
MOST_CHOICES = 200
LONGEST_TEXT = 1000
"""Characters of a description, and of a value that can be chosen."""

LONGEST_VALUE = 20_000
"""Characters that a person may enter into one field."""

_LONGEST_TITLE = 200
_WHOLE = range(-(2**63), 2**63)
"""Whole numbers that the database can hold."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
"""There is one way only to read a text by this, so that no text takes long."""

_FORMATS = ("email", "uri", "date", "date-time")


class NoForm(ValueError):
    """A schema that is not one of a form; the sentence says why, for the server."""


def read_form(schema: Mapping[str, Any]) -> list[JSON]:
    """The fields of a form, in their order. Raises NoForm.

    A field has `name`, `title`, `required`, a `type` (`text`, `number`, `integer`, `boolean`,
    `choice`, `choices`), and as far as they were given `description`, `default`, `format`,
    `pattern`, `choices` (each a `value` and a `title`) and the limits `least` and `most`.
    """
    properties = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(properties, dict):
        raise NoForm("The schema of a form is an object with properties.")
    if len(properties) > MOST_FIELDS:
        raise NoForm(f"A form has at most {MOST_FIELDS} fields.")
    required = schema.get("required")
    wanted = set(map(str, required)) if isinstance(required, list) else set()
    return [_field(name, each, name in wanted) for name, each in properties.items()]


def _field(name: str, schema: Any, required: bool) -> JSON:
    if not isinstance(schema, dict) or not name or len(name) > _LONGEST_TITLE:
        raise NoForm(f"The field “{name[:_LONGEST_TITLE]}” is not described.")
    kind = _KINDS.get(str(schema.get("type")))
    if kind is None:
        raise NoForm(f"The field “{name}” is none of string, number, integer, boolean, array.")
    field: JSON = {
        "name": name,
        "title": _line(schema.get("title")) or plain_line(name),
        "required": required,
        **kind(name, schema),
    }
    if description := plain(str(schema.get("description") or ""))[:LONGEST_TEXT].strip():
        field["description"] = description
    if (default := schema.get("default")) is not None:
        with contextlib.suppress(Invalid):  # a default that its own schema refuses is none
            field["default"] = _check(field, default)
    return field


def _text(name: str, schema: JSON) -> JSON:
    if (choices := _choices(name, schema, "oneOf")) is not None:
        return {"type": "choice", "choices": choices}
    found: JSON = {"type": "text", **_limits(schema, "minLength", "maxLength")}
    if schema.get("format") in _FORMATS:
        found["format"] = schema["format"]
    if isinstance(pattern := schema.get("pattern"), str) and len(pattern) <= _LONGEST_TITLE:
        found["pattern"] = pattern
    return found


def _number(name: str, schema: JSON) -> JSON:
    return {"type": schema["type"], **_limits(schema, "minimum", "maximum")}


def _yes_or_no(name: str, schema: JSON) -> JSON:
    return {"type": "boolean"}


def _many(name: str, schema: JSON) -> JSON:
    items = schema.get("items")
    choices = _choices(name, items, "anyOf") if isinstance(items, dict) else None
    if choices is None:
        raise NoForm(f"The field “{name}” is a list of anything; a form has lists of choices.")
    return {"type": "choices", "choices": choices, **_limits(schema, "minItems", "maxItems")}


_KINDS = {
    "string": _text,
    "number": _number,
    "integer": _number,
    "boolean": _yes_or_no,
    "array": _many,
}


def _choices(name: str, schema: JSON, titled: str) -> list[JSON] | None:
    """What can be chosen; None where a field is free text."""
    values, named = schema.get("enum"), schema.get(titled) or schema.get("oneOf")
    if isinstance(named, list):
        pairs = [(one.get("const"), one.get("title")) for one in named if isinstance(one, dict)]
    elif isinstance(values, list):
        names = schema.get("enumNames")
        titles = names if isinstance(names, list) and len(names) == len(values) else values
        pairs = list(zip(values, titles, strict=True))
    else:
        return None
    if not pairs or len(pairs) > MOST_CHOICES or not all(_is_short(v) for v, _ in pairs):
        raise NoForm(
            f"The field “{name}” has no choices, too many, or some that are no text or too long."
        )
    return [
        {"value": value, "title": _line(title) or _line(value) or "–"} for value, title in pairs
    ]


def _limits(schema: JSON, least: str, most: str) -> JSON:
    given = {"least": schema.get(least), "most": schema.get(most)}
    return {name: value for name, value in given.items() if _is_number(value)}


def _is_number(value: object) -> bool:
    """Whether it is a number that is one everywhere: none without an end, and none too large."""
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and value in _WHOLE


def _is_short(text: object) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST_TEXT


def _line(text: object) -> str:
    return plain_line(str(text or ""))[:_LONGEST_TITLE]


def check_values(fields: Sequence[JSON], values: Mapping[str, Any]) -> JSON:
    """What a person entered, as its server asked for it; empty and optional is left out.

    Raises Invalid with a sentence that names the field, and its name as `field`.
    """
    names = {field["name"] for field in fields}
    for name in values:
        if name not in names:
            raise Invalid(f"The form has no field “{plain_line(name)[:80]}”.", field=name)
    checked: JSON = {}
    for field in fields:
        value = values.get(field["name"])
        if value is None or value == "" or (value == [] and not field["required"]):
            if field["required"]:
                raise Invalid(f"“{field['title']}” is needed.", field=field["name"])
            continue
        checked[field["name"]] = _check(field, value)
    return checked


def _check(field: JSON, value: Any) -> Any:
    return _CHECKS[field["type"]](field, value)


def _check_text(field: JSON, value: Any) -> str:
    title = field["title"]
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or storable(value) != value:
        raise Invalid(
            f"“{title}” takes text of at most {LONGEST_VALUE} characters.", field=field["name"]
        )
    if len(value) < field.get("least", 0):
        raise Invalid(f"“{title}” takes at least {field['least']} characters.", field=field["name"])
    if len(value) > field.get("most", LONGEST_VALUE):
        raise Invalid(f"“{title}” takes at most {field['most']} characters.", field=field["name"])
    _check_format(field, value)
    if complaint({"type": "string", "pattern": field.get("pattern", "")}, value):  # type: ignore[arg-type]
        raise Invalid(
            f"“{title}” does not have the form that the server asks for.", field=field["name"]
        )
    return value


def _check_format(field: JSON, value: str) -> None:
    title = field["title"]
    match field.get("format"):
        case "email" if not _EMAIL.fullmatch(value):
            raise Invalid(
                f"“{title}” takes an e-mail address, like ada@example.org.", field=field["name"]
            )
        case "uri" if not _is_address(value):
            raise Invalid(
                f"“{title}” takes an address, like https://example.org.", field=field["name"]
            )
        case "date" if not _parses(date.fromisoformat, value):
            raise Invalid(f"“{title}” takes a date, like 2026-11-24.", field=field["name"])
        case "date-time" if "T" not in value or not _parses(datetime.fromisoformat, value):
            raise Invalid(
                f"“{title}” takes a date and a time, like 2026-11-24T09:30:00Z.",
                field=field["name"],
            )


def _check_number(field: JSON, value: Any) -> int | float:
    title = field["title"]
    whole = field["type"] == "integer"
    if not _is_number(value):
        raise Invalid(f"“{title}” takes a number.", field=field["name"])
    if whole and (value != int(value) or int(value) not in _WHOLE):
        raise Invalid(f"“{title}” takes a whole number.", field=field["name"])
    if value < field.get("least", value):
        raise Invalid(f"“{title}” is at least {field['least']:g}.", field=field["name"])
    if value > field.get("most", value):
        raise Invalid(f"“{title}” is at most {field['most']:g}.", field=field["name"])
    return int(value) if whole else value


def _check_boolean(field: JSON, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"“{field['title']}” is yes or no: true or false.", field=field["name"])
    return value


def _check_choice(field: JSON, value: Any) -> str:
    if value not in [choice["value"] for choice in field["choices"]]:
        raise Invalid(
            f"“{field['title']}” takes one of the choices that are offered.", field=field["name"]
        )
    return str(value)


def _check_choices(field: JSON, value: Any) -> list[str]:
    title = field["title"]
    offered = [choice["value"] for choice in field["choices"]]
    if not isinstance(value, list) or any(each not in offered for each in value):
        raise Invalid(f"“{title}” takes some of the choices that are offered.", field=field["name"])
    chosen = [each for each in offered if each in value]
    if len(chosen) < field.get("least", 0):
        raise Invalid(
            f"“{title}” takes at least {field['least']:g} of the choices.", field=field["name"]
        )
    if len(chosen) > field.get("most", len(offered)):
        raise Invalid(
            f"“{title}” takes at most {field['most']:g} of the choices.", field=field["name"]
        )
    return chosen


_CHECKS = {
    "text": _check_text,
    "number": _check_number,
    "integer": _check_number,
    "boolean": _check_boolean,
    "choice": _check_choice,
    "choices": _check_choices,
}


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and " " not in value


def _parses(parse: Any, value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True
