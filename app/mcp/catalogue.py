"""Well-known servers to start from: what each does, how it is started, and what it needs.

`${NAME}` stands for what the user has to say; `asks` says in words what that is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Words = Mapping[str, str]
"""A text by language: `en`, `de`."""

FOLDER: Words = {
    "en": "A folder on the machine where Keiko runs; the server may touch nothing else.",
    "de": "Ein Ordner auf der Maschine, auf der Keiko läuft; nur ihn darf der Server anfassen.",
}
REPOSITORY: Words = {
    "en": "The folder of a Git repository on the machine where Keiko runs.",
    "de": "Der Ordner eines Git-Repositorys auf der Maschine, auf der Keiko läuft.",
}
DATABASE: Words = {
    "en": "The file of the database; it is made if it is not there.",
    "de": "Die Datei der Datenbank; gibt es sie nicht, wird sie angelegt.",
}
NOTES: Words = {
    "en": "The file in which it remembers, as /srv/keiko/memory.jsonl.",
    "de": "Die Datei, in der er sich etwas merkt, etwa /srv/keiko/memory.jsonl.",
}


@dataclass(frozen=True, kw_only=True)
class WellKnown:
    """A server that others have written; `program` is what must be installed to start it."""

    name: str
    does: Words
    program: Literal["uvx", "npx"]
    package: str
    read_only: bool
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, Words] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """What the program is started with."""
        return [*(["-y"] if self.program == "npx" else []), self.package, *self.args]


CATALOGUE = (
    WellKnown(
        name="time",
        does={
            "en": "Tells the time anywhere and converts between time zones.",
            "de": "Sagt die Uhrzeit an jedem Ort und rechnet zwischen Zeitzonen um.",
        },
        program="uvx",
        package="mcp-server-time",
        read_only=True,
    ),
    WellKnown(
        name="fetch",
        does={
            "en": "Reads a web page and gives it as plain text. It also reaches addresses inside "
            "your own network.",
            "de": "Liest eine Webseite und gibt sie als einfachen Text. Erreicht auch Adressen im "
            "eigenen Netz.",
        },
        program="uvx",
        package="mcp-server-fetch",
        read_only=True,
    ),
    WellKnown(
        name="git",
        does={
            "en": "Looks at a Git repository, and commits to it.",
            "de": "Sieht in ein Git-Repository und schreibt Commits hinein.",
        },
        program="uvx",
        package="mcp-server-git",
        args=("--repository", "${REPOSITORY}"),
        asks={"REPOSITORY": REPOSITORY},
        read_only=False,
    ),
    WellKnown(
        name="filesystem",
        does={
            "en": "Reads, writes, moves and searches files in one folder.",
            "de": "Liest, schreibt, verschiebt und durchsucht Dateien in einem Ordner.",
        },
        program="npx",
        package="@modelcontextprotocol/server-filesystem",
        args=("${FOLDER}",),
        asks={"FOLDER": FOLDER},
        read_only=False,
    ),
    WellKnown(
        name="memory",
        does={
            "en": "Remembers people, things and how they belong together, in one file.",
            "de": "Merkt sich Menschen, Dinge und wie sie zusammengehören, in einer Datei.",
        },
        program="npx",
        package="@modelcontextprotocol/server-memory",
        env={"MEMORY_FILE_PATH": "${MEMORY_FILE}"},
        asks={"MEMORY_FILE": NOTES},
        read_only=False,
    ),
    WellKnown(
        name="sqlite",
        does={
            "en": "Asks and changes a SQLite database.",
            "de": "Befragt und ändert eine SQLite-Datenbank.",
        },
        program="uvx",
        package="mcp-server-sqlite",
        args=("--db-path", "${DATABASE}"),
        asks={"DATABASE": DATABASE},
        read_only=False,
    ),
    WellKnown(
        name="sequential-thinking",
        does={
            "en": "Lets the model note its thoughts step by step, and revise them.",
            "de": "Lässt das Modell seine Gedanken Schritt für Schritt notieren und verbessern.",
        },
        program="npx",
        package="@modelcontextprotocol/server-sequential-thinking",
        read_only=True,
    ),
    WellKnown(
        name="everything",
        does={
            "en": "Shows everything that MCP can do; for trying out, not for work.",
            "de": "Zeigt alles, was MCP kann; zum Ausprobieren, nicht zum Arbeiten.",
        },
        program="npx",
        package="@modelcontextprotocol/server-everything",
        read_only=False,
    ),
)
