"""What servers offer beside tools is read within bounds; commands are read as they are meant."""

import pytest
from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.prompts.base import Prompt
from mcp.server.fastmcp.resources import TextResource
from mcp.shared.memory import create_connected_server_and_client_session
from pydantic import AnyUrl

from app.core.clock import new_id
from app.core.resources import Resources
from app.mcp.models import McpServer
from app.mcp.offering import Prompt as Offered
from app.mcp.offering import list_prompts, list_resources, note_offers, read_arguments
from app.mcp.offers import MOST_PROMPTS, MOST_RESOURCES, Offers, read_offers
from tests.factories import MakeUser
from tests.users.grouping import make_group

WORDS = {"title": "", "description": ""}
ARGUMENTS = [
    {"name": "code", "description": "", "required": True},
    {"name": "tone", "description": "", "required": False},
]


def nothing() -> str:
    return ""


def prompt(*arguments: dict[str, object]) -> Offered:
    return Offered(
        command="review", server_id=new_id(), server="tracker", name="review", title="",
        description="", arguments=arguments,
    )  # fmt: skip


async def test_neither_numbers_nor_texts_of_a_server_are_without_bounds() -> None:
    server: FastMCP[None] = FastMCP("flood", log_level="ERROR")
    for number in range(3000):
        server.add_prompt(Prompt.from_function(nothing, name=f"p{number}", description="x" * 5000))
        uri = AnyUrl(f"notes://{number}")
        server.add_resource(TextResource(uri=uri, name="<b>a</b>\x1b[31m\nb", text=""))
    server.add_prompt(Prompt.from_function(nothing, name="\x1b[31mred"))
    async with create_connected_server_and_client_session(server) as session:
        offers = await read_offers(session)
    assert len(offers.prompts) == MOST_PROMPTS
    assert len(offers.resources) == MOST_RESOURCES
    assert len(offers.prompts[0]["description"]) == 1000
    assert "\x1b" not in str(offers) and "\n" not in offers.resources[0]["name"]


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("a + b", {"code": "a + b"}, ""),
        ('code="a = b" tone=stern', {"code": "a = b", "tone": "stern"}, ""),
        (r'code="say \"hi\""', {"code": 'say "hi"'}, ""),
        ("other=1", {"code": "other=1"}, ""),
        ("", {}, ""),
    ],
)
def test_arguments_stand_behind_the_command(text: str, values: object, words: str) -> None:
    assert read_arguments(prompt(*ARGUMENTS), text) == (values, words)
    assert read_arguments(prompt(), "my own words") == ({}, "my own words")


async def test_what_a_group_has_is_offered_to_its_members_alone(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, bob = await make_user("ada"), await make_user("bob")
    group_id = await make_group(resources, "Research", "ada")
    offers = Offers(
        prompts=[{"name": "review", **WORDS, "arguments": []}],
        resources=[{"uri": "notes://a", "name": "a", **WORDS, "kind": "", "size": None}],
    )
    async with resources.db.transaction() as session:
        server = McpServer(name="tracker", url="https://example.com/", group_id=group_id)
        session.add(server)
        await session.flush()
        await note_offers(session, server.id, offers)
    async with resources.db.transaction() as session:
        assert [each.command for each in await list_prompts(session, ada.id)] == ["review"]
        assert len(await list_resources(session, ada.id)) == 1
        assert await list_prompts(session, bob.id) == []
        assert await list_resources(session, bob.id) == []
