"""A model's arguments against a tool's JSON Schema, which was written by somebody else.

A schema may be made to take for ever: it may refer to itself, to what is elsewhere, and hold a
pattern that never ends. So every check has a number of steps, and what cannot be checked within
it is left to the server. Nothing is fetched.
"""

import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from jsonschema.validators import extend
from jsonschema_specifications import REGISTRY

from app.core.db import JSON

_STEPS = 5000
_LARGEST_ARGUMENTS = 200_000
_DEEPEST = 64
_LONGEST_PATTERN = 200
_LONGEST_MATCHED = 200
_LONGEST_SHOWN = 200

_UNBOUNDED = {"uniqueItems", "unevaluatedProperties", "unevaluatedItems", "format"}
"""Keywords whose cost nobody counts; the server checks them."""

_steps: ContextVar[list[int]] = ContextVar("steps")


class _TooMuch(Exception):
    """More steps than a check may take."""


def unfolded_size(schema: Any, most: int) -> int | None:
    """Bytes of a schema with every reference replaced by what it names; None beyond `most`.

    Few references may unfold to more than any memory holds, and the library that tells models
    about tools does replace them. One that leads back to itself ends there.
    """
    left = [most]
    try:
        _unfold(schema, schema, left, ())
    except (_TooMuch, RecursionError):
        return None
    return most - left[0] if left[0] >= 0 else None


def _unfold(value: Any, root: Any, left: list[int], inside: tuple[str, ...]) -> None:
    left[0] -= 8
    if left[0] < 0:
        raise _TooMuch
    match value:
        case dict():
            for key, each in value.items():
                left[0] -= len(key)
                _unfold(each, root, left, inside)
            reference = value.get("$ref")
            if isinstance(reference, str) and reference not in inside:
                _unfold(named(root, reference), root, left, (*inside, reference))
        case list():
            for each in value:
                _unfold(each, root, left, inside)
        case str():
            left[0] -= len(value)


def named(root: Any, reference: str) -> Any:
    """What a reference within a schema names; None for what is elsewhere or nowhere."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    found = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found


def complaint(schema: JSON, arguments: JSON) -> str | None:
    """One sentence that names the argument which does not fit; None if nothing is to be said."""
    if len(str(arguments)) > _LARGEST_ARGUMENTS:
        return None
    kind = _DRAFT_7 if "draft-07" in str(schema.get("$schema", "")) else _NEWEST
    _steps.set([_STEPS])
    try:
        checked = _without_patterns(schema, 0)
        error = next(kind(checked, registry=REGISTRY).iter_errors(arguments), None)
    except (_TooMuch, RecursionError):
        return None
    except Exception:  # noqa: BLE001 - a schema of somebody else may break a validator in any way
        return None
    return None if error is None else _sentence(error)


def _sentence(error: ValidationError) -> str:
    missing = re.match(r"'(.+)' is a required property$", error.message)
    place = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required" and missing:
        name = f"{place}.{missing[1]}" if place else missing[1]
        return f"The argument “{name[:_LONGEST_SHOWN]}” is missing."
    said = error.message
    if len(said) > _LONGEST_SHOWN:
        said = said[:_LONGEST_SHOWN] + " …"
    return f"The argument “{place[:_LONGEST_SHOWN]}” is wrong: {said}." if place else f"{said}."


def _without_patterns(schema: Any, depth: int) -> Any:
    """The schema without patterns that may take for ever, and what hangs on those."""
    _spend()
    if depth > _DEEPEST:
        raise _TooMuch
    if isinstance(schema, list):
        return [_without_patterns(each, depth + 1) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _without_patterns(each, depth + 1) for key, each in schema.items()}
    named = kept.get("patternProperties")
    if isinstance(named, dict) and not all(_ends(pattern) for pattern in named):
        del kept["patternProperties"]
        kept.pop("additionalProperties", None)
    return kept


def _ends(pattern: Any) -> bool:
    """Whether a pattern surely comes to an end: short, and at most two things in it repeat."""
    if not isinstance(pattern, str) or len(pattern) > _LONGEST_PATTERN:
        return False
    bare = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "x", pattern)
    bare = re.sub(r"\(\?[:=!]", "(", bare)
    repeats = re.findall(r"[*+?]|\{\d*,\d*\}", bare)
    return len(repeats) <= 2 and not re.search(r"\)[*+?{]", bare) and "\\" not in bare


def _spend() -> None:
    left = _steps.get()
    left[0] -= 1
    if left[0] < 0:
        raise _TooMuch


_Check = Callable[..., Any]


def _counted(check: _Check) -> _Check:
    def step(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        _spend()
        yield from check(validator, value, instance, schema) or ()

    return step


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, str) or len(instance) > _LONGEST_MATCHED or not _ends(pattern):
        return
    if not re.search(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _bounded(validator: Any) -> Any:
    checks = {
        name: _counted(check)
        for name, check in validator.VALIDATORS.items()
        if name not in _UNBOUNDED
    }
    silent = {name: _counted(lambda *_: None) for name in _UNBOUNDED}
    return extend(validator, {**checks, **silent, "pattern": _counted(_pattern)})


_DRAFT_7, _NEWEST = _bounded(Draft7Validator), _bounded(Draft202012Validator)
