"""Signing out at a provider too, on the way to our page (OpenID Connect RP-Initiated Logout)."""

import hashlib
import secrets
from datetime import timedelta
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from sqlalchemy import select

from app.core.errors import AppError
from app.core.logs import log
from app.core.redis import LOST
from app.core.resources import Resources
from app.core.sealed import Place
from app.users.providers.metadata import find_endpoints
from app.users.providers.models import Identity
from app.users.providers.openid import Talk
from app.users.providers.presets import get_provider
from app.users.providers.tokens import open_tokens
from app.users.providers.wire import open_wire
from app.users.signed_in import SignedIn

LIFE = timedelta(minutes=2)
"""How long after signing out here one may still be sent there."""


async def find_way_out(resources: Resources, signed_in: SignedIn, back: str) -> str | None:
    """Where a browser signs out at the provider by which it came in; `back` is where it returns.

    None where there is no such place: signing out here never waits for a provider that is away.
    """
    if "fed" not in signed_in.amr or not resources.settings.sign_in_providers:
        return None
    async with resources.db.transaction() as session:
        identity: Identity | None = await session.scalar(
            select(Identity)
            .where(Identity.user_id == signed_in.user_id)
            .order_by(Identity.last_used_at.desc())
            .limit(1)
        )
    if identity is None:
        return None
    try:
        return await _way_out(resources, identity, back)
    except AppError as error:
        log.warning("provider_not_left", provider=identity.provider, error=error.code)
        return None


async def _way_out(resources: Resources, identity: Identity, back: str) -> str | None:
    provider = get_provider(resources.settings, identity.provider)
    tokens = open_tokens(resources, identity)
    if provider.is_github or not provider.settings.signs_out_there or tokens is None:
        return None
    async with open_wire(resources.settings, provider) as wire:
        endpoints = await find_endpoints(resources, provider, Talk(provider, "", wire))
    if endpoints.end_session is None or tokens.id_token is None:
        return None
    said = {
        "id_token_hint": tokens.id_token,
        "client_id": provider.settings.client_id,
        "post_logout_redirect_uri": back,
    }
    joint = "&" if urlsplit(endpoints.end_session).query else "?"
    return f"{endpoints.end_session}{joint}{urlencode(said)}"


async def keep_way_out(resources: Resources, url: str) -> str | None:
    """Keep it for a moment; gives back the token under which `take_way_out` finds it, once."""
    token = secrets.token_urlsafe(32)
    key, place = _where(token)
    try:
        await resources.redis.set(key, resources.sealer.seal(url, place), ex=LIFE)
    except LOST:
        return None
    return token


async def take_way_out(resources: Resources, token: str) -> str | None:
    """Where a browser that has just signed out goes on to, once."""
    key, place = _where(token)
    try:
        sealed = await resources.redis.getdel(key)
    except LOST:
        return None
    return None if sealed is None else str(resources.sealer.unseal(sealed, place))


def _where(token: str) -> tuple[str, Place]:
    digest = hashlib.sha256(token.encode())
    place = Place("redis", "sign-out:way", UUID(bytes=digest.digest()[:16]))
    return f"sign-out:way:{digest.hexdigest()}", place
