"""Arguments against schemas that somebody else wrote, also against those that mean harm."""

from typing import Any

import pytest

from app.mcp.schema import complaint, unfolded_size

JSON = dict[str, Any]


def properties(**each: JSON) -> JSON:
    return {"type": "object", "properties": each}


@pytest.mark.parametrize(
    ("schema", "arguments", "sentence"),
    [
        ({**properties(), "required": ["path"]}, {}, "The argument “path” is missing."),
        (properties(n={"type": "integer"}), {"n": "5"}, "The argument “n” is wrong: '5' is not of"),
        (
            properties(to=properties(zip={"pattern": "^[0-9]{5}$"})),
            {"to": {"zip": "A"}},
            "The argument “to.zip” is wrong: 'A' does not match",
        ),
        ({**properties(), "additionalProperties": False}, {"odd": 1}, "'odd' was unexpected"),
        (properties(a={"$ref": "#/$defs/x"}) | {"$defs": {"x": {"enum": [1]}}}, {"a": 2}, "“a”"),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#", **properties(a={"const": 1})},
            {"a": 2},
            "“a”",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence_that_names_the_argument(
    schema: JSON, arguments: JSON, sentence: str
) -> None:
    said = complaint(schema, arguments)

    assert said is not None
    assert sentence in said
    assert "\n" not in said


def test_what_fits_is_let_through() -> None:
    schema = {**properties(path={"type": "string"}, n={"type": "number"}), "required": ["path"]}

    assert complaint(schema, {"path": "a", "n": 1.5}) is None


NEVER_ENDING: list[JSON] = [
    {"$ref": "#"},
    {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
    properties(a={"pattern": "^(a+)+$"}),
    properties(a={"pattern": "a?" * 30 + "a" * 30}),
    {"patternProperties": {"^(a+)+$": {"type": "integer"}}, "additionalProperties": False},
    {"propertyNames": {"pattern": "(a|a)*b"}},
    properties(a={"$ref": "http://127.0.0.1:9/schema"}),
    {"$defs": {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}}
    | {"$ref": "#/$defs/d0"},
    {"type": "nonsense"},
    {"properties": 5},
]


@pytest.mark.parametrize("schema", NEVER_ENDING)
@pytest.mark.timeout(20)
def test_a_schema_that_never_ends_or_leads_elsewhere_is_left_to_the_server(schema: JSON) -> None:
    assert complaint(schema, {"a": "a" * 60 + "!", "a" * 60 + "!": 1}) is None


def test_few_references_that_unfold_to_very_much_are_seen() -> None:
    bomb = {"$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}}

    assert unfolded_size({**bomb, "$ref": "#/$defs/d0"}, 64 * 1024) is None


def test_a_schema_that_speaks_of_itself_has_an_end() -> None:
    tree = properties(children={"type": "array", "items": {"$ref": "#"}})

    assert unfolded_size(tree, 64 * 1024) is not None
