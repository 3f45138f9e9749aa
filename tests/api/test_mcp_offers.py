"""Prompts and resources over REST: listed for whom they are, used by a message."""

from uuid import UUID

from app.core.clock import new_id
from app.core.resources import Resources
from app.mcp.offering import note_offers
from app.mcp.offers import Offers
from tests.api.acting import Person
from tests.consumers.acting import rows

ADDRESS = {"name": "tracker", "url": "https://example.com/mcp"}
WORDS = {"title": "", "description": "Theirs."}
OFFERS = Offers(
    prompts=[{"name": "review it", **WORDS, "arguments": []}],
    resources=[{"uri": "notes://today", "name": "today", **WORDS, "kind": "", "size": 3}],
    templates=[{"template": "notes://{day}", "name": "any day", **WORDS, "kind": ""}],
)


async def offering(person: Person, resources: Resources) -> str:
    made = await person.done("POST", "/mcp/servers", ADDRESS)
    async with resources.db.transaction() as session:
        await note_offers(session, UUID(made["id"]), OFFERS)
    return str(made["id"])


async def test_prompts_and_resources_are_listed_for_their_user_alone(
    ada: Person, bob: Person, resources: Resources
) -> None:
    await offering(ada, resources)
    [prompt] = await ada.done("GET", "/mcp/prompts")
    assert (prompt["command"], prompt["name"]) == ("review_it", "review it")
    found = await ada.done("GET", "/mcp/resources")
    assert [(one["uri"], one["template"]) for one in found] == [
        ("notes://{day}", True), ("notes://today", False),
    ]  # fmt: skip
    assert len(await ada.done("GET", "/mcp/resources?search=track tod")) == 1
    assert await ada.done("GET", "/mcp/resources?search=tomorrow") == []
    assert await bob.done("GET", "/mcp/prompts") == []
    assert await bob.done("GET", "/mcp/resources") == []


async def test_a_message_brings_along_what_it_names(
    ada: Person, bob: Person, resources: Resources
) -> None:
    server_id = await offering(ada, resources)
    attached = [{"server_id": server_id, "uri": "notes://today"}]
    await ada.done("POST", "/messages", {"text": "/review_it please", "attachments": attached})
    kept = await rows(resources, "select kind || ' ' || name from attachments order by position")
    assert kept == ["prompt review it", "resource today"]
    status, _ = await bob.refused("POST", "/messages", {"text": "Hi", "attachments": attached})
    assert status == 404
    unknown = [{"server_id": str(new_id()), "uri": "notes://today"}]
    assert (await ada.refused("POST", "/messages", {"text": "Hi", "attachments": unknown}))[
        0
    ] == 404
    many = attached * 11
    assert (await ada.refused("POST", "/messages", {"text": "Hi", "attachments": many}))[0] == 422
    same = {"text": "Twice", "message_id": str(new_id()), "attachments": attached}
    for _ in range(2):
        await ada.done("POST", "/messages", same)
    assert await rows(resources, "select count(*) from attachments") == [3]
