"""Sites: made, looked up, changed and revoked by who may.

A site's key is public; its secret (`kss_…`) makes tickets, is shown once and kept as a hash.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import Conflict, Invalid, NotFound
from app.core.resources import Resources
from app.events.access import SiteChanged, SiteCreated, SiteRevoked
from app.events.store import record
from app.sites.checks import checked
from app.users.models import Session, User
from app.users.permissions import Permission
from app.users.rights import require_right
from app.users.sessions import end_which
from app.users.site_models import Site

KEY_PREFIX = "kw_"
SECRET_PREFIX = "kss_"  # noqa: S105 - how secrets begin
MOST_SITES = 200

KEY_FORM = r"kw_[A-Za-z0-9_-]{22}"

_KEY = re.compile(KEY_FORM)
_SECRET = re.compile(SECRET_PREFIX + "[A-Za-z0-9_-]{43}")


async def create_site(
    session: AsyncSession, user_id: UUID, given: Mapping[str, Any]
) -> tuple[str, Site]:
    """Make a site; returns its secret, which is kept nowhere. Raises Invalid with the field."""
    await require_right(session, user_id, Permission.SITES_WRITE)
    alive = select(func.count()).select_from(Site).where(Site.revoked_at.is_(None))
    if (await session.scalar(alive) or 0) >= MOST_SITES:
        raise Conflict(f"There are {MOST_SITES} sites already. Revoke one first.")
    fields = checked(given)
    await _require_free(session, fields["name"])
    secret = _new_secret()
    key = KEY_PREFIX + secrets.token_urlsafe(16)
    site = Site(key=key, secret_hash=_hash(secret), created_by=user_id, **fields)
    session.add(site)
    await _flush(session, site.name)
    record(session, SiteCreated(user_id=user_id, subject_id=site.id, site_id=site.id,
                                name=site.name))  # fmt: skip
    return secret, site


async def list_sites(session: AsyncSession) -> list[Site]:
    """All sites, those in use first, by name."""
    order = (Site.revoked_at.is_not(None), func.lower(Site.name), Site.id)
    return list(await session.scalars(select(Site).order_by(*order)))


async def get_site(session: AsyncSession, site_id: UUID) -> Site:
    """The site with this id, revoked or not."""
    site = await session.get(Site, site_id)
    if site is None:
        raise NotFound("There is no such site.")
    return site


async def find_site_named(session: AsyncSession, name: str) -> Site | None:
    """The site of that name that was not revoked, in whatever case it is written."""
    query = select(Site).where(func.lower(Site.name) == name.strip().lower())
    found: Site | None = await session.scalar(query.where(Site.revoked_at.is_(None)))
    return found


async def find_site(session: AsyncSession, key: str) -> Site | None:
    """The site of this key, unless it was revoked."""
    if not _KEY.fullmatch(key):
        return None
    found: Site | None = await session.scalar(
        select(Site).where(Site.key == key, Site.revoked_at.is_(None))
    )
    return found


async def find_site_of_secret(session: AsyncSession, secret: str) -> Site | None:
    """The site that has this secret, unless it was revoked."""
    if not _SECRET.fullmatch(secret):
        return None
    found: Site | None = await session.scalar(
        select(Site).where(Site.secret_hash == _hash(secret), Site.revoked_at.is_(None))
    )
    return found


async def change_site(
    session: AsyncSession,
    resources: Resources,
    user_id: UUID,
    site_id: UUID,
    given: Mapping[str, Any],
) -> Site:
    """Change a site. Who is there from an origin that it has no more, has to leave at once."""
    site = await _hold(session, user_id, site_id)
    wanted = checked(given)
    changed = [name for name, value in wanted.items() if getattr(site, name) != value]
    if "name" in changed and wanted["name"].lower() != site.name.lower():
        await _require_free(session, wanted["name"])
    for name in changed:
        setattr(site, name, wanted[name])
    if changed:
        site.updated_at = now()
        await _flush(session, site.name)
        _say_changed(session, user_id, site, sorted(changed))
    unwelcome = _unwelcome(site, changed)
    if unwelcome is not None:
        await _end_visits(session, resources, site, unwelcome)
    return site


async def revoke_site(
    session: AsyncSession, resources: Resources, user_id: UUID, site_id: UUID
) -> Site:
    """Have a site open nothing from now on, for good; frames that are open end at once."""
    site = await _hold(session, user_id, site_id)
    site.revoked_at = site.updated_at = now()
    await session.flush()
    event = SiteRevoked(user_id=user_id, subject_id=site.id, site_id=site.id, name=site.name)
    record(session, event)
    await _end_visits(session, resources, site, Session.id.is_not(None))
    return site


async def renew_secret(session: AsyncSession, user_id: UUID, site_id: UUID) -> tuple[str, Site]:
    """Give a site another secret; the old one makes no tickets any more."""
    site = await _hold(session, user_id, site_id)
    secret = _new_secret()
    site.secret_hash, site.updated_at = _hash(secret), now()
    _say_changed(session, user_id, site, ["secret"])
    return secret, site


async def _hold(session: AsyncSession, user_id: UUID, site_id: UUID) -> Site:
    await require_right(session, user_id, Permission.SITES_WRITE)
    site = await session.scalar(select(Site).where(Site.id == site_id).with_for_update())
    if site is None:
        raise NotFound("There is no such site.")
    if site.revoked_at is not None:
        raise Conflict("This site was revoked.")
    return site


def _unwelcome(site: Site, changed: list[str]) -> ColumnElement[bool] | None:
    """Whose visits a change ends."""
    gone: list[ColumnElement[bool]] = []
    if "origins" in changed:
        gone.append(Session.host_origin.not_in(site.origins))
    if "allows_anonymous" in changed and not site.allows_anonymous:
        nobody = select(User.id).where(User.site_id == site.id, User.external_id.like("a:%"))
        gone.append(Session.user_id.in_(nobody))
    return or_(*gone) if gone else None


async def _end_visits(
    session: AsyncSession, resources: Resources, site: Site, which: ColumnElement[bool]
) -> None:
    visitors = select(User.id).where(User.site_id == site.id)
    await end_which(session, resources, Session.user_id.in_(visitors) & which)


async def _require_free(session: AsyncSession, name: str) -> None:
    if await find_site_named(session, name) is not None:
        raise Invalid(f"There is a site named “{name}” already.", field="name")


async def _flush(session: AsyncSession, name: str) -> None:
    """Write; somebody may have taken the name meanwhile."""
    try:
        await session.flush()
    except IntegrityError as error:
        raise Invalid(f"There is a site named “{name}” already.", field="name") from error


def _say_changed(session: AsyncSession, user_id: UUID, site: Site, fields: list[str]) -> None:
    event = SiteChanged(
        user_id=user_id, subject_id=site.id, site_id=site.id, name=site.name, fields=fields
    )
    record(session, event)


def _new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
