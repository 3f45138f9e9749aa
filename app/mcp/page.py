"""Functions that a host page offers: what it may declare, and how models are told of them.

The declarations are an outsider's words. So the JSON Schema of a function's arguments is a small
part of 2020-12 (no references, no patterns), everything has a length, and the server checks both
the declaration and each call before the page hears of it.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from jsonschema import Draft202012Validator, SchemaError

from app.core.db import JSON, is_storable
from app.core.errors import Invalid
from app.mcp.tools import RemoteTool

PAGE = "page"
"""What stands for the host page where servers of tools are named."""

MOST_FUNCTIONS = 16
LONGEST_NAME = 64
LONGEST_DESCRIPTION = 500
LARGEST_TOGETHER = 16_000
"""Bytes of all declarations of a page."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_KEYWORDS = {
    "type", "properties", "required", "enum", "items", "minimum", "maximum", "minLength",
    "maxLength", "minItems", "maxItems", "additionalProperties", "description", "title", "default",
}  # fmt: skip
_DEEPEST = 8


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function as a page declares it; `parameters` is JSON Schema."""

    name: str
    description: str
    parameters: JSON
    read_only: bool = False


def check_functions(functions: Sequence[Function]) -> None:
    """Raises Invalid with a sentence for whoever wrote the page."""
    if len(functions) > MOST_FUNCTIONS:
        raise Invalid(f"A page offers at most {MOST_FUNCTIONS} functions.", field="functions")
    if len({each.name for each in functions}) < len(functions):
        raise Invalid("Two functions of the page have one name.", field="functions")
    declared = [[each.name, each.description, each.parameters] for each in functions]
    if len(orjson.dumps(declared)) > LARGEST_TOGETHER:
        raise Invalid("The functions of the page take more than 16 KB together.", field="functions")
    for each in functions:
        _check(each)


def _check(function: Function) -> None:
    if not _NAME.fullmatch(function.name):
        raise Invalid(
            "The name of a function has small letters, digits and “_”, at most 64.",
            field="functions",
        )
    described = function.description
    if not 1 <= len(described) <= LONGEST_DESCRIPTION or not is_storable(described):
        raise Invalid(
            f"The description of a function has 1 to {LONGEST_DESCRIPTION} characters.",
            field="functions",
        )
    if function.parameters.get("type") != "object" or not _is_plain(function.parameters, 0):
        raise Invalid(
            f"The parameters of “{function.name}” are no JSON Schema that Keiko takes:"
            " see “Functions” in docs/embed.md.",
            field="functions",
        )


def _is_plain(schema: Any, depth: int) -> bool:
    """Whether a schema has only keywords whose cost is known."""
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, dict) or depth > _DEEPEST or not _KEYWORDS.issuperset(schema):
        return False
    if depth == 0:
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError:
            return False
    inner = [*(schema.get("properties") or {}).values()]
    inner += [schema[name] for name in ("items", "additionalProperties") if name in schema]
    return all(_is_plain(each, depth + 1) for each in inner)


def page_tools(functions: Sequence[Function], taken: Collection[str]) -> list[RemoteTool]:
    """The functions as tools, each under a name that no other tool has, or left out."""
    named: dict[str, RemoteTool] = {}
    for tool in map(_tool, functions):
        for name in (tool.name, f"{PAGE}_{tool.name}"[:LONGEST_NAME]):
            if name not in taken and name not in named:
                named[name] = replace(tool, name=name)
                break
    return list(named.values())


def _tool(function: Function) -> RemoteTool:
    """A call is `repeatable`, for it has one row and one tab of one page carries it out."""
    told = orjson.dumps(
        [function.name, function.description, function.parameters, function.read_only],
        option=orjson.OPT_SORT_KEYS,
    )
    return RemoteTool(
        name=function.name,
        description=f"Done by the web page that the user looks at. {function.description}",
        input_schema=function.parameters,
        read_only=function.read_only,
        server=PAGE,
        remote_name=function.name,
        repeatable=True,
        fingerprint=hashlib.sha256(told).hexdigest(),
    )
