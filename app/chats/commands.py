"""Messages that are commands: `/task`, `/remind` and `/schedule`, typed or chosen from a menu.

What a command means does not depend on a model: the offline model, which follows fixed rules,
carries it out whichever model the conversation has.
"""

import re
from enum import StrEnum


class Command(StrEnum):
    """What a message may begin with, after a slash."""

    TASK = "task"
    REMIND = "remind"
    SCHEDULE = "schedule"


_BEGINNING = re.compile(rf"\s*/({'|'.join(Command)})(?=\s|$)\s*", re.IGNORECASE)


def read_command(text: str) -> tuple[Command, str] | None:
    """The command that a message begins with, and what it is given; None for any other message."""
    found = _BEGINNING.match(text)
    return (Command(found[1].lower()), text[found.end() :].strip()) if found else None


def as_command(name: object, text: str) -> str:
    """The message that means a command chosen from the menu, with `text` behind it."""
    if name not in list(Command) or read_command(text):
        return text
    return f"/{name} {text}"
