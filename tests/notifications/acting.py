"""Somebody who is told things: what happens to their tasks, and what reaches them."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.chats.models import Step, StepKind
from app.consumers.notifications import handle
from app.consumers.senders import send_due
from app.core.clock import derived_id, new_id, now
from app.core.outbound import Outbound
from app.core.resources import Resources
from app.events.envelope import Envelope, envelope
from app.events.store import StoredEvent
from app.notifications.models import Delivery, Kind, Notification
from app.notifications.service import News, notify
from app.notifications.subscriptions import NewSubscription, subscribe
from app.notifications.wishes import Wishes, find_wishes, put_wishes
from app.tasks.models import Task
from app.turns.background import TaskRequest, start_task
from tests.fakes.receivers import BrowserKeys


@dataclass
class Told:
    """A user, and the processes that tell them."""

    resources: Resources
    outbound: Outbound
    user_id: UUID

    async def wish(self, **wishes: Any) -> None:
        """Change how they wish to be told."""
        async with self.resources.db.transaction() as session:
            before = await find_wishes(session, self.user_id)
            await put_wishes(session, self.user_id, replace(before, **wishes))

    async def wishes(self) -> Wishes:
        """How they wish to be told."""
        async with self.resources.db.transaction() as session:
            return await find_wishes(session, self.user_id)

    async def subscribe(self, endpoint: str, language: str = "en") -> BrowserKeys:
        """Let a browser take pushes."""
        keys = BrowserKeys()
        new = NewSubscription(
            endpoint=endpoint, p256dh=keys.p256dh, auth=keys.auth, browser="A", language=language
        )
        async with self.resources.db.transaction() as session:
            await subscribe(session, self.user_id, new, self.resources.settings.outbound_private)
        return keys

    async def start(self, text: str = "Read all the papers", name: str = "Papers") -> Task:
        """Begin a background task."""
        request = TaskRequest(text=text, name=name)
        started = await start_task(self.resources, self.user_id, request)
        return await self.task(started.task_id)

    async def task(self, id: UUID) -> Task:
        """The row of a task."""
        async with self.resources.db.transaction() as session:
            return await session.get_one(Task, id)

    async def change(self, task: Task, **values: Any) -> None:
        """Change the row of a task, as whatever statement does it."""
        async with self.resources.db.transaction() as session:
            await session.execute(update(Task).where(Task.id == task.id).values(**values))

    async def end(
        self, task: Task, status: str = "completed", answer: str = "", **values: Any
    ) -> None:
        """End a task, with an answer."""
        if answer:
            async with self.resources.db.transaction() as session:
                step = Step(
                    id=derived_id(task.id, "answer"), thread_id=task.thread_id, task_id=task.id,
                    kind=StepKind.ASSISTANT_MESSAGE, name="Keiko", output=answer,
                )  # fmt: skip
                session.add(step)
        await self.change(task, status=status, completed_at=now(), **values)

    async def hear(self, type: str | None = None) -> list[Envelope]:
        """Have the consumer handle every event so far, or those of a type; gives them back."""
        async with self.resources.db.transaction() as session:
            query = select(StoredEvent).order_by(StoredEvent.seq)
            stored = list(await session.scalars(query))
        events = [envelope(each) for each in stored if type in (None, each.type)]
        for event in events:
            async with self.resources.db.transaction() as session:
                await handle(self.resources, session, event)
        return events

    async def tell(
        self, kind: Kind = Kind.TASK_DONE, title: str = "Papers", text: str = ""
    ) -> UUID:
        """Tell them something."""
        news = News(
            user_id=self.user_id, kind=kind, event_id=new_id(), title=title, text=text
        )  # fmt: skip
        async with self.resources.db.transaction() as session:
            told = await notify(session, self.resources, news)
        assert told is not None
        return told.id

    async def inbox(self) -> list[Notification]:
        """What they were told, oldest first."""
        async with self.resources.db.transaction() as session:
            query = (
                select(Notification)
                .where(Notification.user_id == self.user_id)
                .order_by(Notification.created_at)
            )
            return list(await session.scalars(query))

    async def deliveries(self) -> list[Delivery]:
        """What was to be sent, oldest first."""
        async with self.resources.db.transaction() as session:
            return list(await session.scalars(select(Delivery).order_by(Delivery.created_at)))

    async def send(self) -> int:
        """Have a sender send what is due."""
        return await send_due(self.resources, self.outbound)

    async def wait(self, pause: timedelta = timedelta(days=1)) -> None:
        """Let time pass for what is to be sent."""
        async with self.resources.db.transaction() as session:
            await session.execute(update(Delivery).values(next_at=Delivery.next_at - pause))
