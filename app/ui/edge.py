"""The edge of the chat: where an error stops being raised and becomes something to be said."""

from collections.abc import Awaitable
from typing import TypeVar

from app.core.db import is_away
from app.core.errors import AppError
from app.core.logs import log

Answer = TypeVar("Answer")


async def settle(work: Awaitable[Answer]) -> Answer | Exception:
    """What `work` comes to: its answer or its error. A bug is logged with its stack."""
    try:
        return await work
    except AppError as error:
        return error
    except Exception as error:  # noqa: BLE001 - one page's error must not end the others' pages
        if is_away(error):
            log.warning("chat_database_away", error=repr(error))
        else:
            log.exception("chat_failed")
        return error
