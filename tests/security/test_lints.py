"""What the code of the product never does."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.api.router import build_api

ROOT = Path(__file__).parents[2]
FOLDERS = ("app", "graphs", "tools")
SQL_TAKERS = {"text", "execute", "executemany", "fetch", "fetchrow", "fetchval", "exec_driver_sql"}
NUMBERS_OF_OUR_OWN = {"ONE_RELAY", "_ONE_AT_A_TIME"}
"""What may stand in a statement: constants of the code, which are no text from anywhere."""

OF_OWN_NAMES = ("app/core/sealed_rows.py",)
"""Where statements are made of names of our own tables and columns, which the code lists."""

CODE_RUNNERS = {"eval", "exec", "compile", "__import__"}
SHELLS = {
    "os.system", "os.popen", "asyncio.create_subprocess_shell", "subprocess.getoutput",
    "subprocess.getstatusoutput",
}  # fmt: skip
UNSAFE_FORMATS = {"pickle", "cPickle", "dill", "shelve", "marshal", "jsonpickle", "yaml"}
WEAK = {"md5", "sha1", "MD5", "SHA1", "ECB", "DES", "TripleDES", "ARC4", "Blowfish", "PKCS1v15"}
SAFE = {"GET", "HEAD", "OPTIONS"}
SECRET_WORDS = ("token", "secret", "password", "credential", "key", "code")
NO_SECRETS = {"key_id"}
"""What only sounds like one: the id of an API key opens nothing."""

CHANGING = ("add", "change", "create", "delete", "disable", "enable", "put", "remove", "set_")


@cache
def trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call in the product: where, the last word of what is called, and the call."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{path}:{node.lineno}", ast.unparse(node.func).rsplit(".", 1)[-1], node


def imported() -> Iterator[tuple[str, str]]:
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)


def is_built(statement: ast.expr) -> bool:
    """Whether a text is put together from others, but for numbers of our own."""
    match statement:
        case ast.JoinedStr(values=values):
            inserted = [ast.unparse(v.value) for v in values if isinstance(v, ast.FormattedValue)]
            return not set(inserted) <= NUMBERS_OF_OUR_OWN
        case ast.BinOp(op=ast.Mod() | ast.Add()):
            return not all(
                isinstance(part, ast.Constant) for part in (statement.left, statement.right)
            )
        case ast.Call(func=ast.Attribute(attr="format")):
            return True
    return False


def is_shell(keyword: ast.keyword) -> bool:
    return keyword.arg == "shell" and ast.unparse(keyword.value) == "True"


@pytest.mark.asvs("1.2.4")
def test_no_sql_is_built_from_strings() -> None:
    built = [
        where
        for where, name, call in calls()
        if name in SQL_TAKERS and call.args and is_built(call.args[0])
        if not where.startswith(OF_OWN_NAMES)
    ]
    assert built == []


@pytest.mark.asvs("1.2.5")
def test_no_shell_is_ever_asked() -> None:
    asked = [where for where, _, call in calls() if ast.unparse(call.func) in SHELLS]
    asked += [where for where, _, call in calls() if any(map(is_shell, call.keywords))]
    assert asked == []


@pytest.mark.asvs("1.3.2")
def test_no_text_is_ever_run_as_code() -> None:
    run = [
        where
        for where, name, call in calls()
        if name in CODE_RUNNERS and isinstance(call.func, ast.Name)
    ]
    assert run == []


@pytest.mark.asvs("1.5.2")
def test_no_message_and_no_file_is_a_pickle() -> None:
    unsafe = [(path, name) for path, name in imported() if name.split(".")[0] in UNSAFE_FORMATS]
    assert unsafe == []
    pools = [
        (where, {keyword.arg for keyword in call.keywords})
        for where, name, call in calls()
        if name in ("ArqRedis", "Worker", "create_pool")
    ]
    assert pools
    for where, named in pools:
        assert {"job_serializer", "job_deserializer"} <= named or None in named, where


@pytest.mark.asvs("11.3.1", "11.4.1")
def test_no_weak_cipher_or_hash_is_used() -> None:
    weak = [(path, name) for path, name in imported() if name.rsplit(".", 1)[-1] in WEAK]
    weak += [(where, name) for where, name, _ in calls() if name in WEAK]
    assert weak == []


@pytest.mark.asvs("3.5.3")
def test_no_safe_method_has_an_effect() -> None:
    operations = [
        (method.upper(), operation["operationId"])
        for item in build_api().openapi()["paths"].values()
        for method, operation in item.items()
    ]
    changing = [name for method, name in operations if method in SAFE and name.startswith(CHANGING)]
    assert changing == []


@pytest.mark.asvs("15.2.3")
def test_the_product_imports_nothing_of_the_tests() -> None:
    foreign = [
        (path, name) for path, name in imported() if name.split(".")[0] in ("tests", "pytest")
    ]
    assert foreign == []


@pytest.mark.asvs("14.2.1")
def test_no_address_takes_a_secret() -> None:
    taken = [
        (path, parameter["name"])
        for path, item in build_api().openapi()["paths"].items()
        for operation in item.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] in ("query", "path")
        and parameter["name"] not in NO_SECRETS
        and any(word in parameter["name"].lower() for word in SECRET_WORDS)
    ]
    assert taken == []


@pytest.mark.asvs("15.3.3")
def test_no_body_takes_a_field_that_it_does_not_name() -> None:
    document = build_api().openapi()
    schemas = document["components"]["schemas"]
    bodies = [
        content["schema"]
        for item in document["paths"].values()
        for operation in item.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert len(bodies) > 20
    assert sorted(set(loose_in(bodies, schemas, set()))) == []


def loose_in(parts: list[Any], schemas: dict[str, Any], seen: set[str]) -> Iterator[str]:
    """The objects with named fields, among these and all in them, that take others too."""
    for part in parts:
        name = part.get("$ref", "").rsplit("/", 1)[-1]
        if name:
            if name not in seen:
                seen.add(name)
                yield from loose_in([schemas[name]], schemas, seen)
            continue
        if part.get("properties") and part.get("additionalProperties") is not False:
            yield part.get("title", "?")
        inner = [*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())]
        inner += part.get("properties", {}).values()
        inner += [part["items"]] if "items" in part else []
        yield from loose_in(inner, schemas, seen)
