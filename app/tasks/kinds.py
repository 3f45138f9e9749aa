"""What kinds of task there are, how long each may take, and what may be said about one."""

import re
from datetime import timedelta
from typing import Any

from app.core.db import is_storable
from app.core.errors import Invalid
from app.tasks.models import TaskPriority, TaskStatus

TIMEOUTS: dict[str, int] = {
    "conversation": 1800,
    "agent_execution": 1800,
    "data_processing": 3600,
    "nlp_analysis": 900,
    "tool_call": 300,
    "workflow": 7200,
    "batch_job": 14_400,
    "scheduled_task": 1800,
    "system_maintenance": 3600,
    "image_generation": 900,
    "web_search": 300,
}
"""Seconds that a task of each kind may take (seed: type timeouts)."""

HEAD_START: dict[TaskPriority, timedelta] = {
    TaskPriority.LOW: timedelta(minutes=-10),
    TaskPriority.NORMAL: timedelta(0),
    TaskPriority.HIGH: timedelta(minutes=10),
    TaskPriority.URGENT: timedelta(hours=1),
    TaskPriority.CRITICAL: timedelta(hours=6),
}
"""By how much a waiting task counts as older than it is. Being a time, it lets nothing starve."""

KEEP: dict[TaskStatus, timedelta] = {
    TaskStatus.COMPLETED: timedelta(hours=24),
    TaskStatus.FAILED: timedelta(hours=72),
    TaskStatus.TIMEOUT: timedelta(hours=72),
    TaskStatus.CANCELLED: timedelta(hours=24),
}
"""For how long an ended task stands in the list of finished ones (seed: retention).

Its conversation is kept until its owner removes it.
"""

LONGEST_NAME = 255
LONGEST_DESCRIPTION = 2_000
LONGEST_TIMEOUT = 3_600
MOST_RETRIES = 10
MOST_TAGS = 20
MOST_LABELS = 50
MOST_DETAILS = 20
LONGEST_TAG = 50
LONGEST_DETAIL = 500
DEEPEST_NESTING = 5
MOST_OPEN = 1_000
"""Tasks of one user that have not ended (seed: queue size)."""

DEEPEST_CHAIN = 10
"""Tasks that may descend from each other (seed: correlation depth)."""

_KIND = re.compile(r"[a-zA-Z0-9_-]{1,100}")


def check_kind(kind: str) -> None:
    """Refuse a kind that nobody knows how to run."""
    if not _KIND.fullmatch(kind) or kind not in TIMEOUTS:
        known = ", ".join(TIMEOUTS)
        raise Invalid(f"There is no such kind of task; there are {known}.", field="kind")


def check_name(name: str | None) -> None:
    """Refuse a name that is too long or cannot be stored."""
    if name is not None and (len(name) > LONGEST_NAME or not name.strip()):
        raise Invalid(f"A name has 1 to {LONGEST_NAME} characters.", field="name")
    _check_text(name, "name")


def check_description(description: str | None) -> None:
    """Refuse a description that is too long or cannot be stored."""
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        raise Invalid(
            f"A description has at most {LONGEST_DESCRIPTION:,} characters.", field="description"
        )
    _check_text(description, "description")


def check_timeout(seconds: int | None) -> None:
    """Refuse a time limit that is none."""
    if seconds is not None and not 1 <= seconds <= LONGEST_TIMEOUT:
        raise Invalid(f"A task may take 1 to {LONGEST_TIMEOUT:,} seconds.", field="timeout_seconds")


def check_retries(most: int) -> None:
    """Refuse more tries than there may be."""
    if not 0 <= most <= MOST_RETRIES:
        raise Invalid(f"A task may be tried again 0 to {MOST_RETRIES} times.", field="max_retries")


def check_tags(tags: list[str]) -> None:
    """Refuse too many tags, or one that is none."""
    if len(tags) > MOST_TAGS:
        raise Invalid(f"A task has at most {MOST_TAGS} tags; these are {len(tags)}.", field="tags")
    for tag in tags:
        if not tag.strip() or len(tag) > LONGEST_TAG:
            raise Invalid(f"A tag has 1 to {LONGEST_TAG} characters.", field="tags")
        _check_text(tag, "tags")


def check_labels(labels: dict[str, str]) -> None:
    """Refuse too many labels, or one that is too long."""
    _check_pairs(labels, "labels", MOST_LABELS)


def check_details(details: dict[str, str]) -> None:
    """Refuse too many details, or one that is too long."""
    _check_pairs(details, "details", MOST_DETAILS)


def check_parameters(parameters: dict[str, Any]) -> None:
    """Refuse parameters that are nested too deeply."""
    if _depth(parameters) > DEEPEST_NESTING:
        raise Invalid(
            f"Parameters are nested at most {DEEPEST_NESTING} levels deep.", field="parameters"
        )


def _check_pairs(pairs: dict[str, str], field: str, most: int) -> None:
    if len(pairs) > most:
        raise Invalid(f"There may be {most} {field}; these are {len(pairs)}.", field=field)
    for key, value in pairs.items():
        if not key or len(key) > LONGEST_TAG or len(value) > LONGEST_DETAIL:
            raise Invalid(
                f"In {field}, a name has 1 to {LONGEST_TAG} characters, a value at most"
                f" {LONGEST_DETAIL}.",
                field=field,
            )
        _check_text(key + value, field)


def _check_text(text: str | None, field: str) -> None:
    if text is not None and not is_storable(text):
        raise Invalid("It holds characters that cannot be stored.", field=field)


def _depth(value: Any) -> int:
    """Levels of objects and lists in each other; a plain value has none."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        inner = (
            item.values() if isinstance(item, dict) else item if isinstance(item, list) else None
        )
        if inner is not None:
            deepest = max(deepest, level)
            waiting += [(each, level + 1) for each in inner]
    return deepest
