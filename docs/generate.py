"""Writes what the documents say of the settings: README's table and `.env.example`.

Run by `.venv/bin/python docs/generate.py`; with `--check` it only says whether they are true.
"""

import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from app.core.settings import Settings  # noqa: E402 - the path is set above

BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
_INTERNAL = {"listen_fd", "worker_name"}
"""Settings that our own processes give each other."""

_DATA = "`/var/lib/keiko` for root, else `~/.local/share/keiko`"


def default_of(name: str, field: FieldInfo) -> str:
    """A setting's default, as a reader of the table understands it."""
    if name == "data":
        return _DATA
    value: Any = field.default
    if value is PydanticUndefined or value is None or value == []:
        return "-"
    if isinstance(value, BaseModel):
        return f"`{value.model_dump_json()}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def table() -> str:
    """The settings as a Markdown table."""
    rows = [
        f"| `KEIKO_{name.upper()}` | {default_of(name, field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
        if name not in _INTERNAL
    ]
    return "\n".join(["| variable | default | what it is |", "|---|---|---|", *rows])


def example() -> str:
    """The settings as a file in which every line is switched off."""
    lines = ["# Copy to .env beside ./keiko and switch on what you want to change.", ""]
    for name, field in Settings.model_fields.items():
        if name in _INTERNAL:
            continue
        value = default_of(name, field).strip("`-")
        lines += [f"# {field.description}", f"#KEIKO_{name.upper()}={value}", ""]
    return "\n".join(lines)


def documents() -> dict[Path, str]:
    """Each generated file with what it should hold."""
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return {
        readme: f"{before}{BEGIN}\n{table()}\n{END}{after}",
        ROOT / ".env.example": example(),
    }


def main() -> int:
    """Write the documents, or compare them."""
    stale = [
        path
        for path, text in documents().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.name} is out of date: run docs/generate.py", file=sys.stderr)  # noqa: T201
        return 1 if stale else 0
    for path in stale:
        path.write_text(documents()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
