"""What may be said about a schedule; Invalid names the field of what may not."""

from collections.abc import Mapping
from typing import Any

from app.core.db import is_storable
from app.core.errors import Invalid

LONGEST_NAME = 255
LONGEST_TEXT = 20_000
MOST_RUNS = 100_000
SHORTEST_WINDOW = 10
LONGEST_WINDOW = 7 * 24 * 3600
"""Seconds after its moment in which a run may still begin."""

PRIORITIES = ("low", "normal", "high", "urgent", "critical")
_NAME_WORDS = 60


def check(values: Mapping[str, Any]) -> None:
    """Refuse what cannot be kept, of the values that are given."""
    if "text" in values:
        _check_text(values["text"])
    if values.get("name") is not None:
        _check_name(values["name"])
    if values.get("priority", PRIORITIES[0]) not in PRIORITIES:
        raise Invalid(f"A priority is one of {', '.join(PRIORITIES)}.", field="priority")
    if (most := values.get("most_runs")) is not None and not 1 <= most <= MOST_RUNS:
        raise Invalid(f"It may run 1 to {MOST_RUNS:,} times.", field="most_runs")
    window = values.get("start_within_seconds")
    if window is not None and not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
        raise Invalid(
            f"A run may begin within {SHORTEST_WINDOW} to {LONGEST_WINDOW:,} seconds.",
            field="start_within_seconds",
        )


def check_runs_left(most: int | None, runs: int) -> None:
    """Refuse an end that has been reached already."""
    if most is not None and most <= runs:
        raise Invalid(f"It has run {runs} times already; allow more.", field="most_runs")


def name_of(text: str) -> str:
    """What a schedule is called whose owner gave it no name: its first words."""
    line = " ".join(text.split())
    return line if len(line) <= _NAME_WORDS else line[: _NAME_WORDS - 1].rstrip() + "…"


def _check_text(text: str) -> None:
    if not text.strip():
        raise Invalid("Say what shall be asked.", field="text")
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"The text has at most {LONGEST_TEXT:,} characters.", field="text")
    if not is_storable(text):
        raise Invalid("The text holds characters that cannot be stored.", field="text")


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid(f"A name has 1 to {LONGEST_NAME} characters.", field="name")
    if not is_storable(name):
        raise Invalid("The name holds characters that cannot be stored.", field="name")
