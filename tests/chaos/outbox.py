"""A chaos run: work is made while everything is killed; then everything is counted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.service import ON_RECORD
from app.consumers import CONSUMERS
from app.core.cancel import end
from app.core.clock import now
from app.core.db import Database, persist
from app.users.models import User
from app.webhooks.models import EndpointState, WebhookEndpoint
from app.webhooks.service import new_secret
from tests.chaos.nemesis import Nemesis
from tests.chaos.producers import Producers
from tests.product import OWNER, Product
from tests.tasks.fold import differing_tasks

HEAL_SECONDS = 90.0

_COUNTS = text("""
with happened as (
  select type, (occurred_at at time zone 'UTC')::date as day, count(*) as n
  from events group by 1, 2
), counted as (
  select coalesce(h.n, 0) as happened, coalesce(c.count, 0) as counted
  from happened h full join event_counts c using (type, day)
), kept as (
  select count(*) as n from audit_entries
), to_keep as (
  select count(*) as n from events where type like any(cast(:on_record as text[]))
)
select
  (select count(*) from events) as events,
  (select count(*) from events e cross join unnest(cast(:consumers as text[])) c
     where not exists (select from inbox i where i.consumer = c and i.event_id = e.id))
     as unhandled,
  (select count(*) from unnest(cast(:events as uuid[])) id
     where not exists (select from events e where e.id = id)) as lost_events,
  (select count(*) from unnest(cast(:tasks as uuid[])) id
     where not exists (select from tasks t where t.id = id)) as lost_tasks,
  (select count(*) from tasks where completed_at is null) as open_tasks,
  (select count(*) from tasks t where (select count(*) from events e
     where e.subject_id = t.id and e.type in ('task.completed', 'task.failed', 'task.cancelled',
     'task.timed_out')) <> 1) as not_ended_once,
  (select coalesce(sum(greatest(happened - counted, 0)), 0) from counted) as uncounted,
  (select coalesce(sum(greatest(counted - happened, 0)), 0) from counted) as counted_twice,
  (select to_keep.n - kept.n from to_keep, kept) as not_on_record,
  (select count(*) from webhook_endpoints w join events e
     on e.user_id = w.user_id and e.type like 'task.%' and e.occurred_at > w.created_at
     where not exists (select from webhook_deliveries d
       where d.endpoint_id = w.id and d.event_id = e.id)) as without_delivery,
  (select count(*) from dead_letters) as dead_letters
""")


@dataclass
class Verdict:
    """What a chaos run did, and what became of the work."""

    kills: dict[str, int]
    tasks: int
    events: int
    heal_seconds: float
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """Accepted work or effects that are not there."""
        names = ("lost_events", "lost_tasks", "open_tasks", "unhandled", "uncounted",
                 "without_delivery", "dead_letters")  # fmt: skip
        return sum(self.faults[name] for name in names) + max(self.faults["not_on_record"], 0)

    @property
    def doubled(self) -> int:
        """Effects that happened more than once."""
        return self.faults["counted_twice"] + max(-self.faults["not_on_record"], 0)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled, or left different from its events."""
        return not any(self.faults.values())

    def __str__(self) -> str:
        struck = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        faults = ", ".join(f"{name} {count}" for name, count in self.faults.items() if count)
        return (
            f"kills {sum(self.kills.values())} ({struck})\n"
            f"accepted {self.tasks} tasks; {self.events} events in all\n"
            f"lost {self.lost}, doubled {self.doubled}\n"
            f"healed {self.heal_seconds:.1f} s after the last blow\n"
            f"{'faults: ' + faults if faults else 'every task ended once and equals its events'}"
        )


async def run_chaos(
    product: Product,
    victims: Sequence[str],
    *,
    seconds: float,
    pause: float = 1.5,
    seed: int | None = None,
) -> Verdict:
    """Make work for `seconds` while `victims` are struck; then let it heal, and count."""
    engine = product.open_engine(pool_size=2)
    db = Database(engine)
    nemesis, producers = Nemesis(product, seed=seed), Producers(product, db)
    nemesis.stand_by()
    try:
        await persist(db, _add_webhook)
        making = asyncio.create_task(producers.run())
        await nemesis.rage(victims, seconds=seconds, pause=pause)
        if making.done():
            making.result()
        await end(making)
        began = asyncio.get_running_loop().time()
        await asyncio.to_thread(product.wait_ready)
        faults = await _heal(db, producers.tasks, producers.events)
        events = faults.pop("events")
        healed = asyncio.get_running_loop().time() - began
        return Verdict(dict(nemesis.kills), len(producers.tasks), events, healed, faults)
    finally:
        nemesis.end()
        await engine.dispose()


async def _add_webhook(session: AsyncSession) -> None:
    """A webhook of the owner's, whose address is refused as soon as it is to be called."""
    owner = await session.scalar(select(User.id).where(User.username == OWNER))
    session.add(
        WebhookEndpoint(
            user_id=owner,
            name="Chaos",
            url="http://127.0.0.1:9/",
            patterns=["task.*"],
            state=EndpointState.ACTIVE,
            secret=new_secret(),
            updated_at=now(),
        )
    )


async def _heal(db: Database, tasks: set[UUID], events: set[UUID]) -> dict[str, int]:
    """The counts once all is well, or after long enough."""

    async def count(session: AsyncSession) -> dict[str, int]:
        given = {
            "consumers": list(CONSUMERS),
            "tasks": list(tasks),
            "events": list(events),
            "on_record": [pattern.replace("*", "%") for pattern in ON_RECORD],
        }
        row = (await session.execute(_COUNTS, given)).mappings().one()
        different = 0
        if not row["open_tasks"]:
            different = len(await differing_tasks(session))
        return {name: int(value) for name, value in row.items()} | {"not_their_fold": different}

    deadline = asyncio.get_running_loop().time() + HEAL_SECONDS
    while True:
        found = await persist(db, count)
        well = not any(value for name, value in found.items() if name != "events")
        if well or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(0.5)
