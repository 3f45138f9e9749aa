"""Visitors of sites: who they are, and how they come in.

A visitor is a user of their own, who can sign in nowhere else and whom no list of users shows; so
every query that keeps users apart keeps visitors apart. The same person on two sites is two.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Forbidden, Unauthenticated
from app.core.resources import Resources
from app.sites.limits import count_newcomer
from app.sites.models import SiteUsage
from app.sites.service import find_site
from app.sites.tickets import ANY_ORIGIN, Code, Ticket, take_code, take_ticket
from app.users.browser import Browser
from app.users.models import Role, User
from app.users.sign_in import Started
from app.users.signed_in import SignedIn
from app.users.site_models import USERS_OWN, Site
from app.users.site_sessions import (
    LIFETIME,
    SITE_OVER,
    TOKEN_LIFETIME,
    Visit,
    hold_site,
    start_visit,
)

BY_TICKET, ANONYMOUS = "t:", "a:"
"""How the id of a visitor begins of whom the site says who they are, or nobody."""

NOBODYS = "anon"
"""How a session came about whose visitor nobody knows (in `amr`)."""

TICKET_OVER = "This ticket was used, is too old, or is not for this site."
CODE_OVER = "This link was used or is too old. Open the full page again."


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where somebody comes in: by the key of a site, in a frame in a page of this origin."""

    site_key: str
    host_origin: str
    browser: Browser
    network: str
    """Their address, as limits count."""
    wants_token: bool = False

    def visit(self, amr: str) -> Visit:
        """The session that it leads to."""
        lifetime = TOKEN_LIFETIME if self.wants_token else LIFETIME
        return Visit(host_origin=self.host_origin, lifetime=lifetime, amr=amr)


async def enter_with_ticket(resources: Resources, door: Door, text: str) -> Started:
    """Come in as whom a site's server vouches for. Used up is the ticket in any case."""
    ticket = await take_ticket(resources.redis, text)
    async with resources.db.transaction() as session:
        site = await _require_site(session, door.site_key)
        if ticket is None or ticket.site_id != site.id:
            raise Unauthenticated(TICKET_OVER)
        if ticket.origin not in (ANY_ORIGIN, door.host_origin):
            raise Forbidden(f"This ticket is not for pages of {door.host_origin}.")
        _require_origin(site, door)
        visitor = await _visitor(session, site, ticket)
        amr = "fed" if ticket.external_id.startswith(USERS_OWN) else "site"
        token, signed_in = await start_visit(session, visitor, site, door.browser, door.visit(amr))
    return Started(token, signed_in)


async def enter_anonymously(resources: Resources, door: Door, before: SignedIn | None) -> Started:
    """Come in as nobody known; somebody who was here `before` as that is the same again.

    Raises Forbidden where the site does not want that, TooMany for too many.
    """
    async with resources.db.transaction() as session:
        site = await _require_site(session, door.site_key)
        _require_origin(site, door)
        if not site.allows_anonymous:
            raise Forbidden("This site wants to know who its visitors are.")
        known = await _known(session, site, before)
    if known is None:
        await count_newcomer(resources, site, door.network)
    async with resources.db.transaction() as session:
        site = await hold_site(session, site.id)
        newcomer = Ticket(
            site_id=site.id,
            origin=door.host_origin,
            external_id=known or ANONYMOUS + secrets.token_urlsafe(16),
        )
        visitor = await _visitor(session, site, newcomer)
        visit = door.visit(NOBODYS)
        token, signed_in = await start_visit(session, visitor, site, door.browser, visit)
    return Started(token, signed_in)


async def enter_full_page(
    resources: Resources, site_key: str, browser: Browser, text: str
) -> Started:
    """Go on in a page of our own as the visitor whose frame made this code."""
    code = await take_code(resources.redis, text)
    async with resources.db.transaction() as session:
        site = await _require_site(session, site_key)
        if code is None or code.site_id != site.id:
            raise Unauthenticated(CODE_OVER)
        visitor = await session.get_one(User, code.user_id)
        visit = Visit(host_origin=code.host_origin, is_full=True, amr=code.amr)
        token, signed_in = await start_visit(session, visitor, site, browser, visit)
    return Started(token, signed_in)


def code_for(signed_in: SignedIn) -> Code:
    """What a page of our own needs to know to go on for a visitor."""
    if signed_in.site is None:
        raise Forbidden("Only a visitor of a site can go on in the full page.")
    return Code(
        site_id=signed_in.site.site_id,
        user_id=signed_in.user_id,
        host_origin=signed_in.site.host_origin,
        amr=signed_in.amr[0],
    )


def is_anonymous(signed_in: SignedIn) -> bool:
    """Whether nobody knows who this visitor is."""
    return signed_in.amr == (NOBODYS,)


async def find_visitor(session: AsyncSession, user_id: UUID) -> tuple[User, Site] | None:
    """A visitor and their site."""
    row = (
        await session.execute(
            select(User, Site).join(Site, Site.id == User.site_id).where(User.id == user_id)
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def remove_unknown_visitors(session: AsyncSession, *, before: datetime) -> None:
    """Remove those whom nobody knew and who came last before that, with all that they said."""
    nobody = User.external_id.startswith(ANONYMOUS, autoescape=True)
    await session.execute(
        delete(User).where(User.site_id.is_not(None), nobody, User.last_login_at < before)
    )
    await session.execute(delete(SiteUsage).where(SiteUsage.day < before.date()))


async def _require_site(session: AsyncSession, key: str) -> Site:
    site = await find_site(session, key)
    if site is None:
        raise Unauthenticated(SITE_OVER)
    return await hold_site(session, site.id)


def _require_origin(site: Site, door: Door) -> None:
    if door.host_origin not in site.origins:
        raise Forbidden(f"This site does not allow pages of {door.host_origin}.")


async def _known(session: AsyncSession, site: Site, before: SignedIn | None) -> str | None:
    """The id of somebody who came in as nobody known, and comes again."""
    if before is None:
        return None
    found = await find_visitor(session, before.user_id)
    if found is None or found[1].id != site.id or not is_anonymous(before):
        return None
    return found[0].external_id


async def _visitor(session: AsyncSession, site: Site, ticket: Ticket) -> User:
    """The visitor of this id, made if they are new here; their name is what the site says now."""
    given = {"full_name": ticket.name, "email": ticket.email}
    new = {
        "username": f"visitor-{secrets.token_hex(6)}",
        "role": Role.USER,
        "site_id": site.id,
        "external_id": ticket.external_id,
        **given,
    }
    visitor = await session.scalar(
        insert(User)
        .values(new)
        .on_conflict_do_update(index_elements=["site_id", "external_id"], set_=given)
        .returning(User)
        .execution_options(populate_existing=True)
    )
    if visitor is None:
        raise Unauthenticated(TICKET_OVER)
    return visitor
