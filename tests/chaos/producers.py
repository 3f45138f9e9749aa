"""Make work while everything dies, and remember what was accepted."""

import asyncio
import contextlib
from uuid import UUID, uuid4

import httpx
from sqlalchemy.exc import DBAPIError

from app.core.db import Database, is_away
from app.events.access import UserCreated
from app.events.store import record_all
from tests.product import Product

AT_ONCE = 20


class Producers:
    """Tasks over REST and events by SQL; each is asked for until it is accepted, once."""

    def __init__(self, product: Product, db: Database) -> None:
        self.tasks: set[UUID] = set()
        self.events: set[UUID] = set()
        self._product = product
        self._db = db
        self._cookies = product.login()

    async def run(self) -> None:
        """Make work until cancelled."""
        async with httpx.AsyncClient(
            base_url=f"{self._product.url}/api/v1",
            cookies=self._cookies,
            headers={"Origin": self._product.url},
            timeout=10,
        ) as http:
            await asyncio.gather(self._make_tasks(http), self._make_tasks(http), self._happen())

    async def _make_tasks(self, http: httpx.AsyncClient) -> None:
        while True:
            key = str(uuid4())
            while (id := await self._ask(http, key)) is None:
                await asyncio.sleep(0.1)
            self.tasks.add(id)

    async def _ask(self, http: httpx.AsyncClient, key: str) -> UUID | None:
        body = {"text": "What is 6 * 7?", "name": "Chaos"}
        with contextlib.suppress(httpx.TransportError):
            answer = await http.post("/tasks", json=body, headers={"Idempotency-Key": key})
            if answer.is_success:
                return UUID(answer.json()["data"]["id"])
            if answer.status_code < 500 and answer.status_code != 429:
                raise AssertionError(answer.text)
        return None

    async def _happen(self) -> None:
        while True:
            batch = [
                UserCreated(user_id=None, username="chaos", role="user") for _ in range(AT_ONCE)
            ]
            while not await self._commit(batch):
                await asyncio.sleep(0.1)
            self.events |= {event.event_id for event in batch}
            await asyncio.sleep(0.05)

    async def _commit(self, batch: list[UserCreated]) -> bool:
        try:
            async with self._db.transaction() as session:
                await record_all(session, batch)
        except (DBAPIError, OSError) as error:
            if not is_away(error):
                raise
            return False
        return True
