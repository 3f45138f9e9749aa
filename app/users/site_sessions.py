"""Sessions of visitors: a token of their own kind, which opens nothing but their site's chat."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import Unauthenticated
from app.core.resources import Resources
from app.events.access import UserSignedIn
from app.events.store import record
from app.users.browser import Browser
from app.users.models import Session, User
from app.users.permissions import WIDGET_SCOPES
from app.users.sessions import IDLE_END, SEEN_EVERY, find_kept, is_alive, token_hash
from app.users.signed_in import SignedIn
from app.users.site_models import Site, SiteSession

PREFIX = "kws_"
LIFETIME = timedelta(hours=12)
"""However much it is used, a visitor's session is over after this."""

TOKEN_LIFETIME = timedelta(hours=1)
"""The same of one whose token a page's script holds."""

SITE_OVER = "This site is not known here, or it was revoked."

_TOKEN = re.compile(PREFIX + "[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Where and how a visitor comes in."""

    host_origin: str
    is_full: bool = False
    lifetime: timedelta = LIFETIME
    amr: str = "site"
    """How it is known who they are: `site` says so, `anon` nobody, `fed` they themselves."""


async def hold_site(session: AsyncSession, site_id: object) -> Site:
    """A site that was not revoked, and is not while this transaction lasts.

    Raises Unauthenticated.
    """
    site = await session.scalar(
        select(Site)
        .where(Site.id == site_id, Site.revoked_at.is_(None))
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    if site is None:
        raise Unauthenticated(SITE_OVER)
    return site


async def start_visit(
    session: AsyncSession, visitor: User, site: Site, browser: Browser, visit: Visit
) -> tuple[str, SignedIn]:
    """Begin the session of a visitor of a site that is held; returns its token, kept nowhere."""
    if not visitor.is_active:
        raise Unauthenticated("This account may not sign in.")
    at, token = now(), PREFIX + secrets.token_urlsafe(32)
    row = Session(
        user_id=visitor.id,
        token_hash=token_hash(token),
        created_at=at,
        expires_at=at + visit.lifetime,
        last_seen_at=at,
        user_agent=browser.user_agent[:300],
        address=browser.address[:64],
        amr=[visit.amr],
        auth_time=at,
        host_origin=visit.host_origin,
        is_full=visit.is_full,
    )
    session.add(row)
    visitor.last_login_at = at
    await session.flush()
    record(session, UserSignedIn(user_id=visitor.id, session_id=row.id, amr=[visit.amr]))
    return token, _signed_in(row, visitor, site)


def is_visit_token(text: str) -> bool:
    """Whether this has the form of a visitor's token."""
    return _TOKEN.fullmatch(text) is not None


async def find_visit(resources: Resources, token: str) -> SignedIn | None:
    """Which visitor holds this token, if the session is alive and the site was not revoked."""
    if not is_visit_token(token):
        return None
    return await find_kept(resources, token_hash(token), _find_in_record)


async def _find_in_record(resources: Resources, hashed: str) -> tuple[SignedIn, datetime] | None:
    at = now()
    async with resources.db.transaction() as session:
        row = (
            await session.execute(
                select(Session, User, Site)
                .join(User, User.id == Session.user_id)
                .join(Site, Site.id == User.site_id)
                .where(
                    Session.token_hash == hashed,
                    is_alive(at),
                    User.is_active,
                    Site.revoked_at.is_(None),
                )
            )
        ).one_or_none()
        if row is None:
            return None
        kept, visitor, site = row
        end = min(kept.expires_at, kept.last_seen_at + IDLE_END)
        if at - kept.last_seen_at >= SEEN_EVERY:
            kept.last_seen_at = at
    return _signed_in(kept, visitor, site), end


def _signed_in(row: Session, visitor: User, site: Site) -> SignedIn:
    return SignedIn(
        user_id=visitor.id,
        username=visitor.username,
        full_name=visitor.full_name,
        role=visitor.role,
        session_id=row.id,
        token_hash=row.token_hash,
        amr=tuple(row.amr),
        auth_time=row.auth_time,
        scopes=WIDGET_SCOPES,
        site=SiteSession(
            site_id=site.id,
            site_key=site.key,
            host_origin=row.host_origin or "",
            is_full=row.is_full,
        ),
    )
