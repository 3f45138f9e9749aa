"""Calls of a page's functions over REST: taken once, by the tab that is meant, of one's own."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core.resources import Resources
from app.sites.page_calls import NewPageCall, want_call
from app.tasks.models import Task
from tests.api.acting import Person, Web, sign_in
from tests.sites.acting import Frame, Shop

ADD = {
    "name": "add_to_basket",
    "description": "Puts something into the basket.",
    "parameters": {"type": "object", "properties": {"item": {"type": "string"}}},
}


@pytest.fixture
async def inside(frame: Frame) -> Frame:
    await frame.come_in()
    return frame


@pytest.fixture
async def ada(resources: Resources, web: Web) -> AsyncIterator[Person]:
    person = await sign_in(resources, web.url, "ada")
    async with person.http:
        yield person


async def want(resources: Resources, frame: Frame, client: UUID) -> str:
    """A call that waits, of a turn of this visitor."""
    said = await frame.done("POST", "/messages", {"text": "Hello"})
    async with resources.db.transaction() as session:
        task = await session.get_one(Task, UUID(said["task_id"]))
    wanted = NewPageCall(
        id=uuid4(),
        task_id=task.id,
        user_id=task.user_id,
        client=client,
        name="add_to_basket",
        arguments={"item": "tea"},
    )
    async with resources.db.transaction() as session:
        await want_call(session, wanted)
    return str(wanted.id)


async def test_a_tab_takes_a_call_once_and_says_once_how_it_ended(
    inside: Frame, resources: Resources
) -> None:
    client = uuid4()
    tab = {"client": str(client)}
    id = await want(resources, inside, client)
    [waiting] = (await inside.done("GET", f"/widget/calls?client={client}"))["items"]
    assert (waiting["id"], waiting["arguments"]) == (id, {"item": "tea"})
    early = await inside.refused("POST", f"/widget/calls/{id}/result", {**tab, "value": 1})
    assert early == (409, "conflict")
    taken = await inside.done("POST", f"/widget/calls/{id}/claim", tab)
    assert (taken["name"], taken["arguments"]) == ("add_to_basket", {"item": "tea"})
    assert await inside.refused("POST", f"/widget/calls/{id}/claim", tab) == (409, "conflict")
    assert (await inside.done("GET", f"/widget/calls?client={client}"))["items"] == []
    await inside.done("POST", f"/widget/calls/{id}/result", {**tab, "value": {"count": 1}})
    again = await inside.refused("POST", f"/widget/calls/{id}/result", {**tab, "value": 2})
    assert again == (409, "conflict")


async def test_another_tab_and_another_visitor_find_no_such_call(
    inside: Frame, shop: Shop, resources: Resources
) -> None:
    client = uuid4()
    id = await want(resources, inside, client)
    other_tab = {"client": str(uuid4())}
    assert (await inside.refused("POST", f"/widget/calls/{id}/claim", other_tab))[0] == 404
    async with shop.frame() as other:
        await other.come_in(await shop.ticket(user={"id": "43", "name": "Bob"}))
        tab = {"client": str(client)}
        assert (await other.refused("POST", f"/widget/calls/{id}/claim", tab))[0] == 404
        assert (await other.done("GET", f"/widget/calls?client={client}"))["items"] == []


async def test_what_a_function_gives_back_has_a_size(inside: Frame, resources: Resources) -> None:
    client = uuid4()
    tab = {"client": str(client)}
    id = await want(resources, inside, client)
    await inside.done("POST", f"/widget/calls/{id}/claim", tab)
    large = {**tab, "value": "x" * 32_001}
    assert await inside.refused("POST", f"/widget/calls/{id}/result", large) == (422, "invalid")
    long = {**tab, "error": "x" * 501}
    assert await inside.refused("POST", f"/widget/calls/{id}/result", long) == (422, "invalid")
    await inside.done("POST", f"/widget/calls/{id}/result", {**tab, "error": "It is closed."})


@pytest.mark.parametrize(
    "functions",
    [
        [{**ADD, "name": "Add"}],
        [{**ADD, "name": "__proto__"}],
        [ADD, ADD],
        [{**ADD, "name": f"f{n}"} for n in range(17)],
        [{**ADD, "description": "x" * 501}],
        [{**ADD, "parameters": {"type": "string"}}],
        [{**ADD, "parameters": {"type": "object", "$ref": "#"}}],
        [{**ADD, "parameters": {"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}}}],
        [{**ADD, "parameters": {"type": "object", "properties": {"a": {"type": "nonsense"}}}}],
        [{**ADD, "name": f"f{n}", "description": "x" * 500,
          "parameters": {"type": "object", "properties": {"a": {"enum": ["y" * 900]}}}}
         for n in range(16)],
    ],
)  # fmt: skip
async def test_a_declaration_that_could_do_harm_is_refused_and_nothing_is_sent(
    inside: Frame, functions: list[dict[str, Any]]
) -> None:
    page = {"client": str(uuid4()), "functions": functions}
    refused = await inside.refused("POST", "/messages", {"text": "Hello", "page": page})
    assert refused == (422, "invalid")
    assert (await inside.done("GET", "/threads"))["items"] == []


async def test_only_a_frame_tells_of_its_page(ada: Person) -> None:
    page = {"client": str(uuid4()), "functions": [ADD]}
    status, error = await ada.refused("POST", "/messages", {"text": "Hello", "page": page})
    assert (status, error["field"]) == (422, "page")
