"""A turn in which the offline model answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.orchestrator.sink import LANGUAGE, SINK

TOOLS = {"clock", "calculator", "note"}


@contextmanager
def turn(language: str = "en", sink: Callable[[str], None] | None = None) -> Iterator[None]:
    language_before, sink_before = LANGUAGE.set(language), SINK.set(sink)
    try:
        yield
    finally:
        LANGUAGE.reset(language_before)
        SINK.reset(sink_before)
