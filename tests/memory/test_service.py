"""What is remembered is found again by its words, in German and English, by its owner alone."""

import asyncio

import pytest

from app.core.clock import new_id
from app.core.errors import Conflict, Invalid, NotFound
from app.core.resources import Resources
from app.memory import service
from app.memory.models import LONGEST_TEXT, Memory, MemorySource
from app.memory.service import NewMemory
from app.users.models import User
from tests.factories import MakeUser


async def keep(resources: Resources, user: User, text: str, **more: object) -> Memory:
    new = NewMemory(text=text, source=MemorySource.USER, **more)  # type: ignore[arg-type]
    async with resources.db.transaction() as session:
        return await service.remember(session, user.id, new)


async def recalled(resources: Resources, user: User, question: str) -> list[str]:
    async with resources.db.transaction() as session:
        return [memory.text for memory in await service.recall(session, user.id, question)]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Welche Häuser gehören mir?", "Das Haus am See gehört Ada."),
        ("What do I like to read?", "Ada likes reading long novels."),
        ("Wie heißt mein Hund?", "Adas Hunde heißen Rex und Bello."),
        ("running shoes", "She runs every morning."),
        ("KEIKO-4711", "The ticket is KEIKO-4711."),
    ],
)
async def test_a_question_finds_what_shares_a_word_with_it_in_whatever_form(
    resources: Resources, make_user: MakeUser, question: str, text: str
) -> None:
    ada = await make_user("ada")
    for other in (text, "Der Kran steht im Hafen.", "Nothing of the kind."):
        await keep(resources, ada, other)
    assert await recalled(resources, ada, question) == [text]


async def test_the_closest_comes_first(resources: Resources, make_user: MakeUser) -> None:
    ada = await make_user("ada")
    await keep(resources, ada, "The garden is large.")
    await keep(resources, ada, "The red roses in the garden need water.")
    found = await recalled(resources, ada, "water for the roses in the garden")
    assert found == ["The red roses in the garden need water.", "The garden is large."]


@pytest.mark.parametrize(
    "question", ["", " ", "the", "'", "a & | ! :* \\", "\x00", "((", "🙂" * 600]
)
async def test_a_question_without_words_finds_nothing(
    resources: Resources, make_user: MakeUser, question: str
) -> None:
    ada = await make_user("ada")
    await keep(resources, ada, "A secret")
    assert await recalled(resources, ada, question) in ([], ["A secret"])


async def test_nobody_finds_changes_or_forgets_what_is_anothers(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, bob = await make_user("ada"), await make_user("bob")
    kept = await keep(resources, ada, "A secret")
    assert await recalled(resources, bob, "secret") == []
    async with resources.db.transaction() as session:
        with pytest.raises(NotFound):
            await service.change_memory(session, bob.id, kept.id, "Not any more")
        with pytest.raises(NotFound):
            await service.forget(session, bob.id, kept.id)
    assert await recalled(resources, ada, "secret") == ["A secret"]
    mine = await keep(resources, bob, "A secret")
    assert mine.id != kept.id


async def test_the_same_is_remembered_once(resources: Resources, make_user: MakeUser) -> None:
    ada, id = await make_user("ada"), new_id()
    kept = await asyncio.gather(*(keep(resources, ada, "Tea, no milk.", id=id) for _ in range(4)))
    kept.append(await keep(resources, ada, " Tea, no milk.\n"))
    assert {memory.id for memory in kept} == {id}


async def test_a_changed_memory_is_found_by_its_new_words(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    kept = await keep(resources, ada, "Ada lives in Rome.")
    async with resources.db.transaction() as session:
        await service.change_memory(session, ada.id, kept.id, "Ada lives in Paris.")
    assert await recalled(resources, ada, "Rome") == []
    assert await recalled(resources, ada, "Paris") == ["Ada lives in Paris."]


@pytest.mark.asvs("2.3.2")
async def test_there_is_an_end_to_how_much_and_how_long(
    resources: Resources, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await make_user("ada")
    for text in ("", "  ", "x" * (LONGEST_TEXT + 1), "a\x00b"):
        with pytest.raises(Invalid):
            await keep(resources, ada, text)
    await keep(resources, ada, "x" * LONGEST_TEXT)
    monkeypatch.setattr(service, "MOST_MEMORIES", 2)
    await keep(resources, ada, "The second")
    with pytest.raises(Conflict):
        await keep(resources, ada, "The third")
    assert (await keep(resources, ada, "The second")).text == "The second"


async def test_pages_follow_each_other_and_searches_do(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    for number in range(5):
        await keep(resources, ada, f"Number {number}" + (" is odd" if number % 2 else ""))
    seen, after = [], None
    async with resources.db.transaction() as session:
        while True:
            page = await service.list_memories(session, ada.id, search=None, after=after, limit=2)
            seen += [memory.text for memory in page.items]
            if (after := page.next_cursor) is None:
                break
        odd = await service.list_memories(session, ada.id, search="odd", after=None, limit=9)
    assert seen == ["Number 4", "Number 3 is odd", "Number 2", "Number 1 is odd", "Number 0"]
    assert [memory.text for memory in odd.items] == ["Number 3 is odd", "Number 1 is odd"]
