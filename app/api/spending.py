"""What visitors of sites use up: each message counts, whichever way it is sent."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import Caller
from app.chats.service import get_message
from app.core.errors import AppError, NotFound, TooMany
from app.sites.limits import give_message_back, take_message

Done = TypeVar("Done")


async def spend_message(
    caller: Caller, work: Callable[[], Awaitable[Done]], message_id: UUID | None = None
) -> Done:
    """Do `work`, which a visitor may do so often a day; what failed or was said before is free.

    Raises TooMany.
    """
    site = caller.signed_in.site
    if site is None:
        return await work()
    try:
        async with caller.transaction() as session:
            await take_message(session, caller.user_id, site.site_id)
    except TooMany:
        async with caller.transaction() as session:
            if not await _was_said(session, caller.user_id, message_id):
                raise
        return await work()
    try:
        done = await work()
    except AppError:
        await _give_back(caller)
        raise
    if not getattr(done, "is_new", True):
        await _give_back(caller)
    return done


async def _was_said(session: AsyncSession, user_id: UUID, message_id: UUID | None) -> bool:
    """Whether this is a message that is only sent once more."""
    try:
        return message_id is not None and bool(await get_message(session, user_id, message_id))
    except NotFound:
        return False


async def _give_back(caller: Caller) -> None:
    async with caller.transaction() as session:
        await give_message_back(session, caller.user_id)
