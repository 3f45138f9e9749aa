"""Forms of servers: read with care, and what is entered is checked by a sentence that names it."""

from typing import Any

import pytest

from app.core.errors import Invalid
from app.mcp.forms import NoForm, check_values, read_form


def form(*required: str, **properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


COLOURS = [{"const": "r", "title": "Red"}, {"const": "g", "title": "Green"}]
FULL = form(
    "name",
    name={"type": "string", "title": "Name", "minLength": 2, "maxLength": 5},
    mail={"type": "string", "format": "email"},
    page={"type": "string", "format": "uri"},
    day={"type": "string", "format": "date"},
    moment={"type": "string", "format": "date-time"},
    code={"type": "string", "pattern": "^[A-Z]+$"},
    price={"type": "number", "minimum": 0.5, "maximum": 9},
    count={"type": "integer"},
    sure={"type": "boolean"},
    one={"type": "string", "enum": ["a", "b"], "enumNames": ["First", "Second"]},
    colour={"type": "string", "oneOf": COLOURS},
    days={"type": "array", "items": {"type": "string", "enum": ["Mon", "Tue"]}, "minItems": 1},
    colours={"type": "array", "items": {"anyOf": COLOURS}, "maxItems": 1},
)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "“Name” is needed."),
        ({"name": ""}, "“Name” is needed."),
        ({"name": "A"}, "“Name” takes at least 2 characters."),
        ({"name": "Adalina"}, "“Name” takes at most 5 characters."),
        ({"name": 7}, "“Name” takes text of at most 20000 characters."),
        ({"name": "A\0a"}, "“Name” takes text of at most 20000 characters."),
        ({"name": "Ada", "mail": "ada"}, "“mail” takes an e-mail address, like ada@example.org."),
        ({"name": "Ada", "page": "here"}, "“page” takes an address, like https://example.org."),
        ({"name": "Ada", "day": "tomorrow"}, "“day” takes a date, like 2026-11-24."),
        ({"name": "Ada", "moment": "2026-11-24"}, "“moment” takes a date and a time, like"),
        ({"name": "Ada", "code": "a1"}, "“code” does not have the form that the server asks for."),
        ({"name": "Ada", "price": "1"}, "“price” takes a number."),
        ({"name": "Ada", "price": True}, "“price” takes a number."),
        ({"name": "Ada", "price": float("nan")}, "“price” takes a number."),
        ({"name": "Ada", "price": 0.25}, "“price” is at least 0.5."),
        ({"name": "Ada", "price": 10}, "“price” is at most 9."),
        ({"name": "Ada", "count": 1.5}, "“count” takes a whole number."),
        ({"name": "Ada", "sure": "yes"}, "“sure” is yes or no: true or false."),
        ({"name": "Ada", "one": "c"}, "“one” takes one of the choices that are offered."),
        ({"name": "Ada", "colour": "Red"}, "“colour” takes one of the choices that are offered."),
        ({"name": "Ada", "days": ["Sun"]}, "“days” takes some of the choices that are offered."),
        ({"name": "Ada", "days": "Mon"}, "“days” takes some of the choices that are offered."),
        ({"name": "Ada", "colours": ["r", "g"]}, "“colours” takes at most 1 of the choices."),
        ({"name": "Ada", "colour\n": "r"}, "The form has no field “colour”."),
    ],
)
def test_what_does_not_fit_is_named(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_values(read_form(FULL), values)

    assert str(refused.value).startswith(sentence)
    assert refused.value.field in {"name", *values}


def test_what_fits_is_given_back_and_empty_fields_are_left_out() -> None:
    values = {
        "name": "Ada", "mail": "ada@example.org", "page": "https://example.org",
        "day": "2026-11-24",
        "moment": "2026-11-24T09:30:00Z", "code": "AB", "price": 1, "count": 2.0, "sure": False,
        "one": "a", "colour": "r", "days": ["Tue", "Mon"], "colours": [],
    }  # fmt: skip

    checked = check_values(read_form(FULL), {**values, "mail": ""})

    assert checked == {
        **{name: value for name, value in values.items() if name not in ("mail", "colours")},
        "days": ["Mon", "Tue"],
        "count": 2,
    }


def test_titles_and_choices_are_read_in_all_their_forms() -> None:
    fields = {field["name"]: field for field in read_form(FULL)}

    assert fields["one"]["choices"] == [
        {"value": "a", "title": "First"},
        {"value": "b", "title": "Second"},
    ]
    assert [each["title"] for each in fields["colours"]["choices"]] == ["Red", "Green"]
    assert fields["name"]["required"]
    assert not fields["mail"]["required"]


@pytest.mark.asvs("1.3.5")
def test_texts_of_a_server_are_plain() -> None:
    [field] = read_form(
        form(x={"type": "string", "title": "\x1b[31mRed\u202e", "description": "a\x07b\nc"})
    )

    assert field["title"] == "Red"
    assert field["description"] == "ab\nc"


def test_a_default_that_does_not_fit_is_none() -> None:
    fields = read_form(
        form(
            good={"type": "integer", "default": 3},
            bad={"type": "integer", "default": "three"},
            none={"type": "string", "enum": ["a"], "default": "z"},
        )
    )

    assert [field.get("default") for field in fields] == [3, None, None]


def short(number: float) -> str:
    return str(number)[:8]


ENDLESS = [10**400, -(10**400), float("inf"), float("nan"), 2**63]


@pytest.mark.asvs("1.4.2")
@pytest.mark.parametrize("number", [*ENDLESS, 1e300], ids=short)
def test_numbers_that_nothing_can_hold_are_no_values(number: float) -> None:
    fields = read_form(form(count={"type": "integer"}))

    with pytest.raises(Invalid, match="number"):
        check_values(fields, {"count": number})


@pytest.mark.parametrize("number", ENDLESS, ids=short)
def test_numbers_that_nothing_can_hold_are_no_limits_and_no_defaults(number: float) -> None:
    fields = read_form(
        form(
            count={"type": "number", "minimum": number, "default": number},
            name={"type": "string", "minLength": number},
        )
    )

    assert [field.keys() & {"least", "default"} for field in fields] == [set(), set()]


def test_no_default_and_no_value_takes_for_ever() -> None:
    mail = {"type": "string", "format": "email", "default": f"a@{'.' * 19_990}@"}

    fields = read_form(form(**{str(number): mail for number in range(50)}))

    assert not any("default" in field for field in fields)
    with pytest.raises(Invalid, match="e-mail"):
        check_values(fields, {"0": f"a@{'a.' * 9_990}@"})


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        form(x={"type": "object"}),
        form(x={"type": "array", "items": {"type": "string"}}),
        form(x={"type": "string", "enum": [1, 2]}),
        form(x={"type": "string", "enum": []}),
        form(x={"type": "string", "enum": ["a", "b" * 1001]}),
        form(x="text"),
        form(**{str(n): {"type": "string"} for n in range(51)}),
        form(x={"type": "string", "enum": [str(n) for n in range(201)]}),
    ],
)
def test_what_is_no_form_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(NoForm):
        read_form(schema)
