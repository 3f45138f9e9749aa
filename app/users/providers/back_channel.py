"""Signed out at the provider: it says so, and Keiko's sessions of that account end.

OpenID Connect Back-Channel Logout 1.0.
A provider names the account (`sub`), and perhaps one of its sessions there (`sid`). Keiko does not
know which of its own came of which, so all that came by a provider end: never fewer than asked for.
"""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from sqlalchemy import select

from app.core.clock import now
from app.core.db import JSON
from app.core.errors import Invalid, NotFound, Unavailable
from app.core.logs import log
from app.core.redis import LOST
from app.core.resources import Resources
from app.users.models import Session
from app.users.providers.flow import issuer_of
from app.users.providers.metadata import read_signed
from app.users.providers.models import Identity
from app.users.providers.openid import LEEWAY, Denied, Distrusted, Talk, check_standing
from app.users.providers.presets import Provider
from app.users.providers.wire import open_wire
from app.users.sessions import end_which

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_KINDS = ("LOGOUT+JWT", "JWT")
_YOUNG = timedelta(minutes=5)
"""A logout token is made for this moment; it is remembered as long as it could be shown again."""

_LONGEST_ID = 500


async def end_at_request(resources: Resources, provider: Provider, logout_token: str) -> int:
    """End the sessions of whom the provider has signed out; says how many there were.

    Raises Invalid for a token that is not to be believed, and Unavailable.
    """
    if provider.is_github:
        raise NotFound("There is no such way to sign in here.")
    async with open_wire(resources.settings, provider) as wire:
        talk = Talk(provider, "", wire)
        try:
            header, claims = await read_signed(resources, provider, talk, logout_token)
            _check(provider, header, claims)
        except (Distrusted, Denied) as lie:
            reason = lie.reason if isinstance(lie, Distrusted) else lie.error
            log.warning("provider_distrusted", provider=provider.name, reason=f"logout: {reason}")
            raise Invalid("This logout token is not one that Keiko believes.") from None
    async with _taking_once(resources, claims), resources.db.transaction() as session:
        whose = select(Identity.user_id).where(
            Identity.issuer == claims["iss"], Identity.subject == claims["sub"]
        )
        came_so = Session.amr.contains(["fed"])
        return await end_which(session, resources, Session.user_id.in_(whose) & came_so)


def _check(provider: Provider, header: JSON, claims: JSON) -> None:
    """Back-Channel Logout 1.0, 2.6; an ID token is none, whoever gets hold of it."""
    if str(header.get("typ", "JWT")).upper() not in _KINDS:
        raise Distrusted("kind of token")
    issuer = issuer_of(provider, claims.get("tid"))
    check_standing(claims, issuer=issuer, client_id=provider.settings.client_id)
    at, leeway = now().timestamp(), LEEWAY
    if not at - _YOUNG.total_seconds() - leeway <= claims["iat"] <= at + leeway:
        raise Distrusted("iat")
    if claims["exp"] < at - leeway:
        raise Distrusted("exp")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_EVENT), dict):
        raise Distrusted("events")
    if "nonce" in claims:
        raise Distrusted("nonce")
    known_by = claims.get("jti")
    if not isinstance(known_by, str) or not 0 < len(known_by) <= _LONGEST_ID:
        raise Distrusted("jti")


@asynccontextmanager
async def _taking_once(resources: Resources, claims: JSON) -> AsyncGenerator[None]:
    """A token counts once; one on which nothing could be done may be sent again."""
    digest = hashlib.sha256(f"{claims['iss']}\n{claims['jti']}".encode()).hexdigest()
    key = f"provider:logout:{digest}"
    try:
        is_new = await resources.redis.set(key, b"1", nx=True, ex=2 * _YOUNG)
    except LOST:
        raise Unavailable("Keiko cannot take this just now. Send it again.") from None
    if not is_new:
        raise Invalid("This logout token is not one that Keiko believes.")
    try:
        yield
    except BaseException:
        with suppress(*LOST):
            await resources.redis.delete(key)
        raise
