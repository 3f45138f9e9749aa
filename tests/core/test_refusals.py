"""Whatever a person may be refused with has a German form, and says it where it is met."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.german import CHECKED, SAID
from app.core.refusals import in_language

ROOT = Path(__file__).parents[2]
RAISED = {"Conflict", "ErrorBody", "Forbidden", "FullPageNeeded", "Invalid", "NotFound", "TooMany",
          "Unauthenticated", "Unavailable", "failure"}  # fmt: skip
TERMINALS = ("app/cli/", "app/launcher/", "app/core/embedded/", "app/core/listening.py")
"""What only terminals show, which speak English."""

MODELS = ("app/mcp/asking.py", "app/mcp/executor.py", "app/mcp/records.py", "app/mcp/server.py",
          "app/mcp/offered.py", "app/mcp/sessions.py", "app/orchestrator/")  # fmt: skip
"""What only models and logs are told."""

SOURCES = [
    path
    for path in sorted((ROOT / "app").rglob("*.py"))
    if not str(path.relative_to(ROOT)).startswith(TERMINALS + MODELS)
]


def sentences(path: Path) -> Iterator[str]:
    """Every sentence that a file refuses with, `{}` for each value in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        name = (
            node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        )
        if isinstance(node, ast.Call) and name in RAISED:
            for each in (
                *node.args,
                *(word.value for word in node.keywords if word.arg == "message"),
            ):
                yield from said(each, tree, path)


def said(value: ast.expr, tree: ast.Module, path: Path) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(text)) if " " in text:
            yield text
        case ast.JoinedStr():
            yield template(value)
        case ast.Name(id=name) if name.isupper():
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            constant = getattr(importlib.import_module(module), name)
            yield from [constant] if isinstance(constant, str) else []
        case ast.Name(id=name):
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == [
                    name
                ]:
                    yield from said(node.value, tree, path)


def template(value: ast.JoinedStr) -> str:
    return "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in value.values)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_whatever_is_refused_is_said_in_german_too(path: Path) -> None:
    for sentence in sentences(path):
        assert in_language(sentence, "de") != sentence, (
            f"{path.relative_to(ROOT)}: “{sentence}” has no German form in app/core/german.py."
        )


def test_no_german_is_kept_for_what_nobody_says() -> None:
    said_somewhere: set[str] = set()
    for path in SOURCES:
        if path.name.startswith("german") and path.parent.name == "core":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                said_somewhere.add(template(node))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                said_somewhere.add(node.value)
    assert SAID.keys() - said_somewhere == set()


@pytest.mark.parametrize("english", [*SAID, *CHECKED])
def test_german_takes_the_values_that_english_has(english: str) -> None:
    values = [f"<{n}>" for n in range(english.count("{}"))]
    german = in_language(english.format(*values), "de")
    if english in SAID:
        assert [v for v in values if v not in german] == []
    assert "{" not in german


def test_a_sentence_with_values_keeps_them_and_its_numbers_are_german() -> None:
    english = "There are 1,000 tasks under way already; wait, or cancel some."
    assert in_language(english, "de").startswith("Es sind schon 1.000 Aufgaben offen;")
    assert in_language(english, "en") == english
    english = "The address cannot be reached (nobody listens there)."
    assert (
        in_language(english, "de") == "Die Adresse ist nicht zu erreichen (dort hört niemand zu)."
    )
    assert in_language("Nobody has ever said this.", "de") == "Nobody has ever said this."
