"""The tools for memories act for who called, and once for each call."""

from app.core.resources import Resources
from app.memory import service
from app.memory.models import Memory, MemorySource
from tests.factories import MakeUser
from tests.tools.calling import Assistant, running_task


async def memories(resources: Resources, assistant: Assistant) -> list[Memory]:
    async with resources.db.transaction() as session:
        page = await service.list_memories(
            session, assistant.task.user_id, search=None, after=None, limit=100
        )
        return page.items


async def test_what_is_remembered_is_recalled_in_another_turn(
    resources: Resources, assistant: Assistant
) -> None:
    said = await assistant.call("remember", text="Ada drinks tea without milk.")
    assert "Ada drinks tea without milk." in said and "/work/settings" in said

    later = Assistant(resources, await running_task(resources, assistant.task.user_id))
    found = await later.call("recall", question="How does she like her tea?")
    [kept] = await memories(resources, assistant)
    assert found.endswith(f"- Ada drinks tea without milk. (id {kept.id})")
    assert kept.source is MemorySource.ASSISTANT


async def test_the_same_call_made_again_is_the_same_memory(
    resources: Resources, assistant: Assistant
) -> None:
    for text in ("One fact.", "One fact.", "One fact"):
        await assistant.call("remember", id="call-1", text=text)
    await assistant.call("remember", id="call-2", text="Another fact.")
    assert [m.text for m in await memories(resources, assistant)] == ["Another fact.", "One fact."]


async def test_it_is_forgotten_by_its_words_or_its_id_and_asked_which(
    resources: Resources, assistant: Assistant
) -> None:
    for text in ("The red bicycle.", "The blue bicycle.", "The house."):
        await assistant.call("remember", text=text)
    said = await assistant.call("forget", memory="bicycle")
    assert assistant.failed and "red" in said and "blue" in said
    assert "Forgotten: The red" in await assistant.call("forget", memory="red bicycle")
    house = (await memories(resources, assistant))[0]
    assert "Forgotten: The house." in await assistant.call("forget", memory=str(house.id))
    assert "Nothing" in await assistant.call("forget", memory=str(house.id))
    assert [m.text for m in await memories(resources, assistant)] == ["The blue bicycle."]


async def test_it_speaks_the_language_of_who_asked_and_refuses_in_it(
    resources: Resources, assistant: Assistant
) -> None:
    assistant.language = "de"
    assert "Gemerkt: Ada mag Tee." in await assistant.call("remember", text="Ada mag Tee.")
    assert "Sag, was gemerkt werden soll." in await assistant.call("remember", text=" ")
    assert assistant.failed


async def test_nobody_recalls_or_forgets_what_is_anothers(
    resources: Resources, assistant: Assistant, make_user: MakeUser
) -> None:
    await assistant.call("remember", text="A secret.")
    [kept] = await memories(resources, assistant)
    bob = await make_user("bob")
    other = Assistant(resources, await running_task(resources, bob.id))
    for tool, arguments in (
        ("recall", {"question": "secret"}),
        ("forget", {"memory": "secret"}),
        ("forget", {"memory": str(kept.id)}),
    ):
        assert "Nothing" in await other.call(tool, **arguments)
    assert [m.text for m in await memories(resources, assistant)] == ["A secret."]
