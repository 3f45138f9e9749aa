"""Runs migrations: one transaction, one migrator at a time, and never a long wait for a lock."""

import asyncio

import sqlalchemy as sa
from alembic import context

import app.audit.models
import app.chats.models
import app.core.key_register
import app.core.resealing
import app.events.counts
import app.events.inbox
import app.events.store
import app.events.sweeper
import app.files.models
import app.mcp.models
import app.memory.models
import app.notifications.models
import app.oauth.models
import app.schedules.models
import app.sites.models
import app.sites.page_call_models
import app.tasks.models
import app.users.factor_models
import app.users.key_models
import app.users.models
import app.users.providers.models
import app.users.site_models
import app.webhooks.models  # noqa: F401 - the imports above fill the metadata
from app.core.db import Base, open_engine
from app.core.settings import settings

ONE_MIGRATOR = 0x6B65696B
"""Advisory lock: a second migrator waits here, then finds its work done."""


def migrate(connection: sa.Connection) -> None:
    """Bring the database to the wanted revision."""
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        connection.execute(sa.text(f"select pg_advisory_xact_lock({ONE_MIGRATOR})"))
        connection.execute(sa.text("set local lock_timeout = '5s'"))
        context.run_migrations()


async def main(url: str) -> None:
    """Connect, migrate, disconnect."""
    engine = open_engine(url, pool_size=1)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await engine.dispose()


url = context.config.attributes.get("database_url") or settings().database_url
if url is None:
    raise SystemExit("KEIKO_DATABASE_URL is not set; `./keiko up` brings its own database.")
asyncio.run(main(url))
