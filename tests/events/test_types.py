"""The page about events names every type there is."""

import re
from pathlib import Path

from app.events import access, types
from app.events.event import Event

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_every_type_is_in_the_documents() -> None:
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    kinds = {**vars(types), **vars(access)}.values()
    said = {kind.event_type for kind in kinds if hasattr(kind, "event_type")}
    assert said - named == set()
    assert issubclass(access.UserCreated, Event)
