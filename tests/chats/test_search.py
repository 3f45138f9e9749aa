"""Finding a conversation again: pages, and full-text search over titles and contents."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.chats.index import excerpt, vector
from app.chats.models import Step, StepKind
from app.chats.search import search_messages
from app.chats.service import list_threads
from app.core.clock import now
from app.core.errors import Invalid
from app.core.resources import Resources
from app.turns.service import Incoming, Turns, rename_thread
from tests.factories import MakeUser


async def say(resources: Resources, user_id: UUID, text: str) -> UUID:
    accepted = await Turns(resources).accept(
        Incoming(message_id=uuid4(), thread_id=uuid4(), user_id=user_id, author="ada", text=text)
    )
    return accepted.thread_id


async def found(resources: Resources, user_id: UUID, search: str) -> set[UUID]:
    async with resources.db.transaction() as session:
        page = await list_threads(session, user_id, search=search, after=None, limit=50)
    return {thread.id for thread in page.items}


async def test_words_are_found_in_messages_answers_and_titles(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    trip = await say(resources, ada.id, "Plane eine Reise nach Köln")
    bread = await say(resources, ada.id, "How do I bake sourdough?")
    async with resources.db.transaction() as session:
        session.add(
            Step(
                thread_id=bread,
                kind=StepKind.ASSISTANT_MESSAGE,
                name="Keiko",
                output="Feed the starter with rye flour.",
                search=vector(session, ada.id, "Feed the starter with rye flour."),
                ended_at=now(),
            )
        )
    await rename_thread(resources, ada.id, trip, "Sommerferien 2027")
    assert await found(resources, ada.id, "köln") == {trip}
    assert await found(resources, ada.id, "rye flour") == {bread}
    assert await found(resources, ada.id, "sommer") == {trip}
    assert await found(resources, ada.id, "rye köln") == set()
    assert await found(resources, ada.id, "sourdough?") == {bread}


async def test_nobody_finds_anothers_conversations(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, eve = await make_user("ada"), await make_user("eve")
    await say(resources, ada.id, "my secret plan")
    assert await found(resources, eve.id, "secret") == set()


@pytest.mark.parametrize("search", ["'", "a & | !", "((", ":*", "\\", "%", '"open'])
async def test_no_search_breaks_the_query(
    resources: Resources, make_user: MakeUser, search: str
) -> None:
    ada = await make_user("ada")
    await say(resources, ada.id, "hello")
    await found(resources, ada.id, search)


async def test_pages_follow_each_other_without_gap_or_repeat(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    made = [await say(resources, ada.id, f"number {n}") for n in range(7)]
    seen: list[UUID] = []
    after = None
    while True:
        async with resources.db.transaction() as session:
            page = await list_threads(session, ada.id, search=None, after=after, limit=3)
        seen += [thread.id for thread in page.items]
        if (after := page.next_cursor) is None:
            break
    assert seen == made[::-1]


async def test_a_false_cursor_is_refused(resources: Resources, make_user: MakeUser) -> None:
    ada = await make_user("ada")
    async with resources.db.transaction() as session:
        with pytest.raises(Invalid):
            await list_threads(session, ada.id, search=None, after="nonsense", limit=3)


@pytest.mark.parametrize(
    ("search", "fits"),
    [
        ("s", True),
        ("se", True),
        ("sea", True),
        ("full-text sea", True),
        ("sear engi ger", True),
        ("Straße", True),
        ("STRASSE", True),
        ("Überse", True),
        ("seax", False),
        ("ear", False),
        ("searchability", False),
        ("engineering", False),
    ],
)
async def test_a_word_may_be_unfinished_and_only_what_fits_is_found(
    resources: Resources, make_user: MakeUser, search: str, fits: bool
) -> None:
    ada = await make_user("ada")
    said = await say(resources, ada.id, "A full-text searcher: engine, Gerüst, STRASSE, Übersee")
    other = await say(resources, ada.id, "seasons and engines")
    assert (said in await found(resources, ada.id, search)) is fits
    await rename_thread(resources, ada.id, other, "Straßenbahn")
    assert (other in await found(resources, ada.id, "straßenb")) is True


async def test_pages_of_what_is_found_follow_each_other_too(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    for n in range(60):
        await say(resources, ada.id, f"seasonal {n}" if n % 10 else f"search {n}")
    seen: list[str] = []
    after = None
    while True:
        async with resources.db.transaction() as session:
            page = await search_messages(session, ada.id, "searc", after=after, limit=2)
        seen += [said.excerpt for said in page.items]
        if (after := page.next_cursor) is None:
            break
    assert seen == [f"**search** {n}" for n in (50, 40, 30, 20, 10, 0)]


async def test_what_was_said_before_it_was_sealed_is_found_as_well(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    said = await say(resources, ada.id, "Something old")
    async with resources.db.transaction() as session:
        await session.execute(
            text("update steps set output = :said, search = to_tsvector('simple', :said)"),
            {"said": "A weathered lighthouse"},
        )
    assert await found(resources, ada.id, "light weather") == {said}


def test_an_excerpt_shows_where_the_words_stand() -> None:
    long = " ".join(f"w{n}" for n in range(100)) + " Leuchtturm am Meer " + "end " * 100
    assert excerpt("Der Leuchtturm.", ["leucht"]) == "Der **Leuchtturm**."
    shown = excerpt(long, ["leucht", "meer"])
    assert shown.startswith("… w92 ") and "w99 **Leuchtturm** am **Meer** end" in shown
    assert shown.endswith(" …") and len(shown.split()) < 45
