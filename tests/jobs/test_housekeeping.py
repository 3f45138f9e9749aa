"""What is past its time is removed, and nothing else."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from app.chats.models import Thread
from app.core.clock import now
from app.core.resources import Resources
from app.jobs.housekeeping import remove_old_rows
from app.oauth.models import OAuthClient, OAuthGrant
from app.schedules import service as schedules
from app.schedules.models import Schedule
from app.schedules.rules import Rule, RuleKind
from app.tasks.models import Task
from app.turns.schedules import run_now
from tests.consumers.acting import created, happen, relay, rows
from tests.factories import MakeUser


async def test_events_and_inbox_rows_are_kept_for_their_time(resources: Resources) -> None:
    old, young = await happen(resources, created("old"), created("young"))
    await relay(resources)
    unpublished = await happen(resources, created("late"))
    await rows(
        resources,
        "update events set published_at = now() - interval '91 days' where id = :id returning id",
        id=old,
    )
    await rows(
        resources,
        "insert into inbox (consumer, event_id, handled_at) values"
        " ('a', :old, now() - interval '73 hours'), ('a', :young, now() - interval '71 hours')"
        " returning event_id",
        old=old,
        young=young,
    )
    await remove_old_rows({"resources": resources})
    assert await rows(resources, "select id from events order by seq") == [young, *unpublished]
    assert await rows(resources, "select event_id from inbox") == [young]


async def make_schedule(resources: Resources, user_id: UUID, name: str) -> UUID:
    rule = Rule(kind=RuleKind.CRON, text="0 8 * * *", time_zone="UTC")
    new = schedules.NewSchedule(text="What is new?", name=name, rule=rule)
    async with resources.db.transaction() as session:
        made = await schedules.create_schedule(session, user_id, new)
    await run_now(resources, user_id, made.id)
    return made.id


async def test_a_removed_schedule_goes_for_good_after_a_month_and_its_conversation_stays(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    ids = {n: await make_schedule(resources, ada.id, n) for n in ("kept", "lately", "long ago")}
    async with resources.db.transaction() as session:
        for name, days in (("lately", 29), ("long ago", 31)):
            await schedules.remove_schedule(session, ada.id, ids[name])
            at = now() - timedelta(days=days)
            await session.execute(
                update(Schedule).where(Schedule.id == ids[name]).values(removed_at=at)
            )
    await remove_old_rows({"resources": resources})
    async with resources.db.transaction() as session:
        left = {row.name for row in await session.scalars(select(Schedule))}
        tasks = {task.name: task for task in await session.scalars(select(Task))}
        threads = set(await session.scalars(select(Thread.id)))
        await schedules.restore_schedule(session, ada.id, ids["lately"])
    assert left == {"kept", "lately"}
    assert {task.thread_id for task in tasks.values()} == threads and len(threads) == 3
    assert tasks["long ago"].schedule_id is None
    assert tasks["lately"].schedule_id == ids["lately"]


async def test_programs_that_may_come_in_no_more_are_forgotten_and_others_stay(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, at = await make_user("ada"), now()
    ends = {"used": (-30, None), "ended lately": (-5, 29), "ended": (-5, 31), "unused": (31, None)}
    async with resources.db.transaction() as session:
        for name in (*ends, "never let in"):
            client = OAuthClient(client_id=name, name=name, redirect_uris=["https://example.com"],
                                 has_document=False, used_at=at - timedelta(days=2))  # fmt: skip
            session.add(client)
            await session.flush()
            if name not in ends:
                continue
            over, ended = ends[name]
            session.add(
                OAuthGrant(user_id=ada.id, client_id=client.id, name=name, host="example.com",
                           scopes=["read"], resource="https://example.com/mcp", last_used_at=at,
                           ends_at=at - timedelta(days=over),
                           ended_at=at - timedelta(days=ended) if ended else None)
            )  # fmt: skip
    await remove_old_rows({"resources": resources})
    async with resources.db.transaction() as session:
        assert set(await session.scalars(select(OAuthClient.name))) == {"used", "ended lately"}
        assert set(await session.scalars(select(OAuthGrant.name))) == {"used", "ended lately"}
