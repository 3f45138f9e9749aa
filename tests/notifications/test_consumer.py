"""What people are told of: once for each event, and not of what they see or did themselves."""

import asyncio
from uuid import UUID

from sqlalchemy import select

from app.consumers.notifications import handle
from app.core.bus import read_hint
from app.core.clock import new_id, now
from app.core.redis import HINTS
from app.core.resources import Resources
from app.events.envelope import Envelope
from app.notifications.models import Kind
from app.notifications.presence import is_present, keep_present, leave
from app.notifications.service import count_unread, mark_read, mark_thread_read
from app.schedules.rules import Rule, RuleKind
from app.schedules.service import NewSchedule, create_schedule
from app.tasks.models import Question, Task
from app.tasks.questions import answer_question, ask_questions
from app.turns.service import Incoming, Turns
from tests.notifications.acting import Told


async def chat(ada: Told) -> Task:
    """A turn in the foreground."""
    incoming = Incoming(
        message_id=new_id(), thread_id=new_id(), user_id=ada.user_id, author="ada", text="Hello"
    )
    accepted = await Turns(ada.resources).accept(incoming)
    return await ada.task(accepted.task_id)


async def ask(ada: Told, task: Task) -> UUID:
    await ada.change(task, status="running")
    async with ada.resources.db.transaction() as session:
        held = await session.get_one(Task, task.id)
        (question,) = await ask_questions(
            session, held, {"call": {"kind": "unknown_outcome", "tool": "send"}}
        )
    return question.id


async def test_the_owner_of_a_background_task_is_told_how_it_ended(ada: Told) -> None:
    await ada.end(await ada.start(), answer="There are **three** papers.\n\nThe first …")
    failed = await ada.start("Read it", name="Broken")
    await ada.end(failed, "failed", error_code="model", error="The model does not answer.")
    late = await ada.start("Read it", name="Slow")
    await ada.end(late, "timeout", error_code="timeout", error="It took too long.")
    await ada.hear()
    told = [(n.kind, n.title, n.text) for n in await ada.inbox()]
    assert told == [
        (Kind.TASK_DONE, "Papers", "There are three papers. The first …"),
        (Kind.TASK_FAILED, "Broken", "The model does not answer."),
        (Kind.TASK_FAILED, "Slow", "It took too long."),
    ]
    assert (await ada.inbox())[0].thread_id is not None


async def test_an_event_is_told_once_however_often_it_is_heard(ada: Told) -> None:
    await ada.end(await ada.start())
    for _ in range(3):
        await ada.hear()
    assert len(await ada.inbox()) == 1


async def test_two_consumers_at_once_tell_an_event_once(ada: Told) -> None:
    await ada.end(await ada.start())
    await asyncio.gather(*(ada.hear("task.completed") for _ in range(4)))
    assert len(await ada.inbox()) == 1


async def test_what_its_owner_cancelled_is_no_news(ada: Told) -> None:
    await ada.end(await ada.start(), "cancelled")
    await ada.hear()
    assert await ada.inbox() == []


async def test_what_cannot_begin_any_more_is_news(ada: Told) -> None:
    await ada.end(await ada.start(), "cancelled", error_code="dependency_failed", error="No.")
    await ada.hear()
    assert [n.kind for n in await ada.inbox()] == [Kind.TASK_FAILED]


async def test_a_turn_in_the_chat_is_told_only_when_nobody_looks(ada: Told) -> None:
    redis = ada.resources.redis
    await keep_present(redis, "web", [ada.user_id])
    await ada.end(await chat(ada))
    await ada.hear()
    assert await ada.inbox() == []
    await leave(redis, "web", [ada.user_id])
    await ada.end(await chat(ada))
    await ada.hear()
    assert [n.title for n in await ada.inbox()] == ["Hello", "Hello"]


async def test_a_page_in_another_process_is_a_page_too(resources: Resources) -> None:
    user_id = new_id()
    await keep_present(resources.redis, "one", [user_id])
    await keep_present(resources.redis, "two", [user_id])
    await leave(resources.redis, "one", [user_id])
    assert await is_present(resources.redis, user_id)
    await leave(resources.redis, "two", [user_id])
    assert not await is_present(resources.redis, user_id)


async def test_a_poisonous_task_is_always_told(ada: Told) -> None:
    await keep_present(ada.resources.redis, "web", [ada.user_id])
    await ada.end(await chat(ada), "failed", error_code="poisonous", error="It broke its worker.")
    await ada.hear()
    assert [n.kind for n in await ada.inbox()] == [Kind.TASK_FAILED]


async def test_a_question_is_always_told_and_is_read_once_it_is_answered(ada: Told) -> None:
    await keep_present(ada.resources.redis, "web", [ada.user_id])
    task = await chat(ada)
    question_id = await ask(ada, task)
    await ada.hear()
    (told,) = await ada.inbox()
    assert (told.kind, told.question_id, told.title) == (Kind.QUESTION, question_id, "Hello")
    assert told.text == "Whether send was carried out is not known."
    async with ada.resources.db.transaction() as session:
        await mark_thread_read(session, ada.resources, ada.user_id, told.thread_id or new_id())
    assert (await ada.inbox())[0].read_at is None
    async with ada.resources.db.transaction() as session:
        await answer_question(session, ada.user_id, question_id, {"outcome": "skip"})
    await ada.hear("question.answered")
    assert (await ada.inbox())[0].read_at is not None


async def test_a_question_that_was_answered_meanwhile_is_no_news(ada: Told) -> None:
    question_id = await ask(ada, await chat(ada))
    async with ada.resources.db.transaction() as session:
        question = await session.scalar(select(Question).where(Question.id == question_id))
        assert question is not None
        question.answered_at = now()
    await ada.hear("question.asked")
    assert await ada.inbox() == []


async def test_a_schedule_that_was_skipped_is_told_in_its_owners_language(ada: Told) -> None:
    await ada.wish(language="de")
    daily = Rule(kind=RuleKind.CRON, text="0 8 * * *", time_zone="UTC")
    new = NewSchedule(text="Wie wird das Wetter?", name="Wetter", rule=daily)
    async with ada.resources.db.transaction() as session:
        schedule = await create_schedule(session, ada.user_id, new)
    event = Envelope(
        id=new_id(), type="schedule.skipped", source="schedules", time=now(), user_id=ada.user_id,
        subject_id=schedule.id, correlation_id=None, causation_id=None,
        payload={"moments": 2, "reason": "missed"},
    )  # fmt: skip
    async with ada.resources.db.transaction() as session:
        await handle(ada.resources, session, event)
    (told,) = await ada.inbox()
    assert (told.title, told.text) == ("Wetter", "2 Läufe verpasst, während Keiko nicht lief.")


async def test_a_removed_task_is_passed_over(ada: Told) -> None:
    task = await ada.start()
    await ada.end(task)
    async with ada.resources.db.transaction() as session:
        await session.delete(await session.get_one(Task, task.id))
    await ada.hear()
    assert await ada.inbox() == []


async def test_open_pages_get_a_hint_once_the_notification_is_there(ada: Told) -> None:
    async with ada.resources.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(HINTS)
        await pubsub.get_message(timeout=1)
        await ada.tell()
        async with asyncio.timeout(30):
            while (message := await pubsub.get_message(timeout=1)) is None:
                pass
    assert read_hint(message["data"]) == ("inbox", ada.user_id)


async def test_reading_counts_down_and_another_users_inbox_is_out_of_reach(ada: Told) -> None:
    ids = [await ada.tell() for _ in range(3)]
    async with ada.resources.db.transaction() as session:
        assert await mark_read(session, ada.resources, new_id(), ids) == []
        assert await mark_read(session, ada.resources, ada.user_id, ids[:1]) == ids[:1]
        assert await count_unread(session, ada.user_id) == 2
        assert set(await mark_read(session, ada.resources, ada.user_id)) == set(ids[1:])
        assert await count_unread(session, ada.user_id) == 0
