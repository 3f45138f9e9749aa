"""What `keiko up` says, in the two languages that it speaks."""

import os
import sys
from typing import TextIO

from app.core.errors import AppError
from app.core.settings import terminal_language

_WORDS = {
    "en": {
        "starting": "Keiko {version}, data in {data}",
        "servers": "  database and queue are running",
        "given": "  using the servers that were given",
        "migrated": "  database is up to date",
        "children": "  starting web, worker and consumer",
        "ready": "\nKeiko is ready: {url}",
        "setup": "First time here? Choose your name and password (link works once):\n{url}",
        "stop_hint": "Ctrl-C stops it.",
        "stopping": "\nStopping; running answers are handed over.",
        "stopped": "Stopped.",
        "again": "{name} had ended and was started again.",
        "failing": "{name} ends again and again. The end of {log}:\n{tail}",
        "running": "Keiko is already running at {url} (process {pid}, started from {clone}).",
        "locked": "Another Keiko is just starting or stopping with {data}; try again in a moment.",
    },
    "de": {
        "starting": "Keiko {version}, Daten in {data}",
        "servers": "  Datenbank und Warteschlange laufen",
        "given": "  die angegebenen Server werden benutzt",
        "migrated": "  die Datenbank ist auf dem neuesten Stand",
        "children": "  Web, Worker und Consumer starten",
        "ready": "\nKeiko ist bereit: {url}",
        "setup": "Zum ersten Mal hier? Name und Kennwort wählen (der Link gilt einmal):\n{url}",
        "stop_hint": "Strg-C beendet es.",
        "stopping": "\nWird beendet; laufende Antworten werden übergeben.",
        "stopped": "Beendet.",
        "again": "{name} war beendet und läuft wieder.",
        "failing": "{name} endet immer wieder. Das Ende von {log}:\n{tail}",
        "running": "Keiko läuft schon unter {url} (Prozess {pid}, gestartet aus {clone}).",
        "locked": "Ein anderes Keiko startet oder endet gerade mit {data}; gleich noch einmal.",
    },
}


def words(key: str, **values: object) -> str:
    """One sentence, in the language of the terminal."""
    return _WORDS[terminal_language()][key].format(**values)


def say(key: str, **values: object) -> None:
    """Print one sentence."""
    _print(sys.stdout, words(key, **values))


def complain(error: AppError) -> None:
    """Print what is wrong, and what to do, where errors go."""
    _print(sys.stderr, f"\nkeiko: {error}")


def _print(stream: TextIO, text: str) -> None:
    """A terminal that was closed does not matter: from then on nobody listens."""
    try:
        stream.write(text + "\n")
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
