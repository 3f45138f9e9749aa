"""The rules of the house that no linter knows."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(p for top in ("app", "graphs", "tools") for p in (ROOT / top).rglob("*.py"))
ONE_HOME = {
    ".commit(": {"app/core/db.py"},
    "os.environ": {"app/core/settings.py", "app/core/process.py"},
    "datetime.now(": {"app/core/clock.py"},
    "uuid4(": {"app/core/clock.py"},
}


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_one_idea(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    name = str(path.relative_to(ROOT))
    assert source.count("\n") <= 300, f"{name} has more than 300 lines: it holds two ideas."
    for f in functions(source):
        length = (f.end_lineno or f.lineno) - f.lineno + 1
        assert length <= 50, f"{name}:{f.lineno} {f.name} has {length} lines; 50 is the limit."
    for text, homes in ONE_HOME.items():
        assert text not in source or name in homes, f"{name}: `{text}` belongs in {homes}."
    if source.strip():
        assert ast.get_docstring(ast.parse(source)), f"{name} does not say what it is for."


@pytest.mark.parametrize(
    ("process", "foreign"),
    [("web", ("langgraph", "langchain_core", "langchain")), ("worker", ("chainlit",))],
)
def test_a_process_does_not_import_what_is_anothers(process: str, foreign: tuple[str, ...]) -> None:
    code = f"import sys, app.{process}; print([m for m in {foreign!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"
