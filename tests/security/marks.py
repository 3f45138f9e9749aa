"""Which test carries which numbers of OWASP ASVS, read from the files of the tests."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]


@cache
def marks() -> dict[str, frozenset[str]]:
    """`ui/test_gate.py::test_name` with the numbers that it carries; every test there is."""
    return {
        f"{path.relative_to(TESTS)}::{function.name}": frozenset(_of_module(tree)) | _of(function)
        for path in sorted(TESTS.rglob("test_*.py"))
        for tree in [ast.parse(path.read_text(encoding="utf-8"))]
        for function in tree.body
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and function.name.startswith("test_")
    }


def _of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    return frozenset(number for each in function.decorator_list for number in _numbers(each))


def _of_module(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark"
            for target in statement.targets
        ):
            for node in ast.walk(statement.value):
                yield from _numbers(node)


def _numbers(node: ast.AST) -> Iterator[str]:
    """The arguments of `pytest.mark.asvs(...)`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.asvs":
        for argument in node.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value
