"""The database: base of all models, and the one unit of work."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import DateTime, Enum, MetaData, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.core.afterwards import follow_up
from app.core.clock import new_id, now

JSON = dict[str, Any]

IDLE_SECONDS = 30.0
"""After so long without use a connection may have been cut on the way, unseen."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def to_json(value: Any) -> str:
    """JSON text for the database."""
    return orjson.dumps(value).decode()


class Base(DeclarativeBase):
    """Root of all tables; the naming convention makes migrations reproducible."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        JSON: JSONB,
    }


class Entity(Base):
    """A row with an identity and a birthday."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=now)


def closed_set(kind: type) -> Enum:
    """The column type of a `StrEnum`: its values, kept as text."""
    return Enum(
        kind,
        native_enum=False,
        length=32,
        values_callable=lambda e: [str(m.value) for m in e],
    )


def is_storable(text: str) -> bool:
    """Whether a text column can hold `text`: no NUL, no half of a character (UTF-16 surrogate)."""
    return _UNSTORABLE.search(text) is None


def asyncpg_url(url: str) -> str:
    """The same database, as SQLAlchemy's asyncpg driver wants to be told."""
    for prefix in ("postgresql+asyncpg://", "postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url.removeprefix(prefix)
    return url


def open_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Connections that notice a restarted server and never wait for ever."""
    engine = create_async_engine(
        asyncpg_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=30,
        pool_recycle=3600,
        hide_parameters=True,
        json_serializer=to_json,
        json_deserializer=orjson.loads,
        connect_args={"timeout": 10, "command_timeout": 60},
    )
    event.listen(engine.sync_engine, "connect", _plain_uuids)
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", _refuse_broken)
    return engine


def _note_use(_connection: object, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _refuse_broken(connection: Any, record: Any, _proxy: object) -> None:
    """Have the pool replace a connection that has ended.

    The driver sees a server go without asking it, so that only a connection that was long idle
    is asked: SQLAlchemy's pre-ping asks each time, three round trips for each transaction.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    if time.monotonic() - record.info.get("used_at", time.monotonic()) > IDLE_SECONDS:
        try:
            connection.ping()
        except (connection.dbapi.Error, OSError, TimeoutError) as error:
            raise InvalidatePoolError from error


def _plain_uuids(connection: Any, _record: object) -> None:
    """Have ids arrive as plain UUIDs: asyncpg's own subclass is foreign to every serializer."""

    async def use_codec(driver: "asyncpg.Connection[Any]") -> None:
        await driver.set_type_codec(
            "uuid",
            schema="pg_catalog",
            encoder=lambda id: id.bytes,
            decoder=lambda raw: UUID(bytes=raw),
            format="binary",
        )

    connection.run_async(use_codec)


class Database:
    """Opened once per process, by the entry point that owns it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One unit of work: commit on success, roll back on any exception.

        Keep it short. Never wait for a model, a tool or a person inside it.
        What `after_commit` collected is called once the commit stands; nobody waits for it long.
        """
        async with self._sessions() as session:
            async with session.begin():
                yield session
            if calls := session.info.pop("after_commit", None):
                await follow_up(calls)


def after_commit(session: AsyncSession, call: Callable[[], Awaitable[object]]) -> None:
    """Have `call` awaited once this session's transaction stands; never if it fails."""
    session.info.setdefault("after_commit", []).append(call)


Row = TypeVar("Row")
Answer = TypeVar("Answer")

_AWAY = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError,
         asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, OSError)  # fmt: skip


def is_away(error: BaseException) -> bool:
    """Whether `error` means that the database cannot be reached just now, and nothing else."""
    if isinstance(error, DBAPIError):
        cause = error.orig.__cause__ if error.orig is not None else None
        return error.connection_invalidated or isinstance(cause, _AWAY)
    return isinstance(error, _AWAY)


async def persist(
    db: Database, write: Callable[[AsyncSession], Awaitable[Answer]], *, seconds: float = 60
) -> Answer:
    """One transaction that outlives a restart of the database: tried again until it stands.

    `write` must be safe to repeat: the server may die between the commit and its answer.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            async with db.transaction() as session:
                return await write(session)
        except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if not is_away(error) or asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.2)


class GroupCommit(Generic[Row, Answer]):
    """Many callers, one transaction: rows that arrive while one commits go into the next.

    `write` gets the rows and returns one answer per row, in their order; an answer that is an
    exception is raised to its own caller only. A batch that fails as a whole is tried row by
    row, so that one bad row harms nobody else.
    """

    def __init__(
        self,
        write: Callable[[list[Row]], Awaitable[list[Answer | Exception]]],
        *,
        largest: int = 200,
    ) -> None:
        self._write = write
        self._largest = largest
        self._waiting: list[tuple[Row, asyncio.Future[Answer]]] = []
        self._drain: asyncio.Task[None] | None = None

    async def put(self, row: Row) -> Answer:
        """Write `row` with whatever else is waiting; returns once its transaction stands."""
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if self._drain is None:
            self._drain = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        try:
            await asyncio.sleep(0)
            while self._waiting:
                batch = self._waiting[: self._largest]
                del self._waiting[: self._largest]
                await self._write_batch(batch)
        finally:
            self._drain = None

    async def _write_batch(self, batch: list[tuple[Row, asyncio.Future[Answer]]]) -> None:
        try:
            answers: list[Answer | Exception] = await self._write([row for row, _ in batch])
        except Exception as error:  # noqa: BLE001 - it belongs to the callers, and reaches them
            if len(batch) > 1 and not is_away(error):
                for alone in batch:
                    await self._write_batch([alone])
                return
            answers = [error] * len(batch)
        for (_, done), answer in zip(batch, answers, strict=True):
            if done.done():
                continue
            if isinstance(answer, Exception):
                done.set_exception(answer)
            else:
                done.set_result(answer)
