"""What a new chat offers to begin with, in the reader's language."""

import chainlit as cl

_STARTERS = {
    "en": (
        ("What can you do?", "What can you do?"),
        ("Two things at once", "What time is it in Tokyo, and what is 17% of 230?"),
        ("Write something long", "Write something long with a table, code and a formula."),
    ),
    "de": (
        ("Was kannst du?", "Was kannst du?"),
        ("Zwei Dinge auf einmal", "Wie spät ist es in Tokio, und was ist 17 % von 230?"),
        ("Schreib etwas Langes", "Schreib etwas Langes mit Tabelle, Code und Formel."),
    ),
}


def starters_in(language: str | None) -> list[cl.Starter]:
    """The starters for a reader whose browser says `language` (as `de-DE`)."""
    spoken = (language or "").partition("-")[0].lower()
    offered = _STARTERS.get(spoken, _STARTERS["en"])
    return [cl.Starter(label=label, message=message) for label, message in offered]
