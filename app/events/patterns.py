"""Which types of events somebody wants: `task.completed`, `task.*` or `*`."""

import re
from collections.abc import Iterable

from app.core.errors import Invalid

LONGEST_PATTERN = 64
_PATTERN = re.compile(r"\*|[a-z_]+\.(\*|[a-z_]+)")


def matches(type: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns covers the type."""
    source = type.partition(".")[0]
    return any(pattern in ("*", type, f"{source}.*") for pattern in patterns)


def check_pattern(pattern: str, *, field: str) -> str:
    """The pattern, if it is one; raises Invalid for `field` otherwise."""
    if len(pattern) > LONGEST_PATTERN or not _PATTERN.fullmatch(pattern):
        raise Invalid(
            "Name a type of event as task.completed, all of a kind as task.*, or all as *.",
            field=field,
        )
    return pattern
