"""Runs the relay for as long as the process lives."""

import asyncio

from sqlalchemy.exc import DBAPIError

from app.core.db import is_away
from app.core.logs import log
from app.core.redis import LOST
from app.core.resources import Resources
from app.events.relay import publish_events

PAUSE_SECONDS = 0.25
"""Between two looks at an empty outbox."""


async def relay_events(resources: Resources) -> None:
    """Publish what is committed, until cancelled; wait out a database or Redis that is away."""
    while True:
        try:
            async with resources.db.transaction() as session:
                published = await publish_events(session, resources.redis)
        except LOST as error:
            log.warning("relay_waits", error=type(error).__name__)
            published = 0
        except DBAPIError as error:
            if not is_away(error):
                raise
            log.warning("relay_waits", error=type(error).__name__)
            published = 0
        if published == 0:
            await asyncio.sleep(PAUSE_SECONDS)
