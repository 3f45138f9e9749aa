"""The page about events names every type there is."""

import re
from pathlib import Path

from app.events import types
from app.events.types import Event

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_every_type_is_in_the_documents() -> None:
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    said = {kind.event_type for kind in vars(types).values() if hasattr(kind, "event_type")}
    assert said - named == set()
    assert issubclass(types.UserCreated, Event)
