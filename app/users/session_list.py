"""A user's sessions, as they recognise them: device, place, when begun and last used, and how."""

import re
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import NotFound
from app.core.resources import Resources
from app.users.models import Session
from app.users.sessions import end_which, is_alive

NO_SESSION = "There is no such session."

_BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\b(?:OPR|Opera)/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:Headless)?(?:Chrome|CriOS|Chromium)/"),
    ("Safari", r"\bVersion/[\d.]+ (?:Mobile/\S+ )?Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Android", r"\bAndroid\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b|\bMacintosh\b"),
    ("Linux", r"\bLinux\b|\bX11\b"),
)
_PROGRAM = re.compile(r"([A-Za-z][\w.-]{1,30})/[\d.]+")


def describe_device(user_agent: str) -> tuple[str | None, str | None]:
    """Browser or program, and system, of a user agent: `("Firefox", "Linux")`; None if unknown.

    The newest of what several names stand for comes first: every browser claims to be another.
    """
    browser = _first(_BROWSERS, user_agent)
    if browser is None and not user_agent.startswith("Mozilla/"):
        program = _PROGRAM.match(user_agent)
        browser = program.group(1) if program else None
    return browser, _first(_SYSTEMS, user_agent)


async def list_sessions(session: AsyncSession, user_id: UUID) -> list[Session]:
    """A user's living sessions, the one used last first."""
    query = (
        select(Session)
        .where(Session.user_id == user_id, is_alive(now()))
        .order_by(Session.last_seen_at.desc(), Session.id)
    )
    return list(await session.scalars(query))


async def end_one(
    session: AsyncSession, resources: Resources, user_id: UUID, session_id: UUID
) -> None:
    """Sign one of a user's browsers out; its sockets close within a second."""
    which = and_(Session.user_id == user_id, Session.id == session_id, is_alive(now()))
    if not await end_which(session, resources, which):
        raise NotFound(NO_SESSION)


async def end_others(session: AsyncSession, resources: Resources, user_id: UUID, but: UUID) -> int:
    """Sign a user out everywhere but in one browser; says how many sessions have ended."""
    which = and_(Session.user_id == user_id, Session.id != but)
    return await end_which(session, resources, which)


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for name, form in table if re.search(form, user_agent)), None)
