"""Finding a conversation again: pages, and full-text search over titles and contents."""

from uuid import UUID, uuid4

import pytest

from app.chats.models import Step, StepKind
from app.chats.service import list_threads, prefix_query
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


def test_the_last_word_may_be_unfinished() -> None:
    assert prefix_query("full-text sea") == "full:* & text:* & sea:*"
