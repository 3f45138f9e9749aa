"""A provider's token for whoever acts in its user's name: fresh, and refreshed once.

A refresh holds its row's lock while the provider is asked, over all processes, for a refresh token
may be good for one use only: whoever waited finds the new token and asks nobody. It goes to the
issuer that gave it, whatever the operator calls by the same name since.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy import Select, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.db import is_away, persist
from app.core.errors import NotFound, Unauthenticated, Unavailable
from app.core.logs import log
from app.core.resources import Resources
from app.users.models import User
from app.users.providers.metadata import find_endpoints
from app.users.providers.models import Identity
from app.users.providers.openid import Denied, Distrusted, Given, Talk
from app.users.providers.presets import Provider, get_provider
from app.users.providers.tokens import keep_tokens, open_tokens
from app.users.providers.wire import away, open_wire

_AHEAD = timedelta(seconds=60)
_AT_ONCE = 4
"""Refreshes at one time in one process: each holds a connection to the database."""

_NOT_THE_TOKEN = {
    "invalid_client", "unauthorized_client", "temporarily_unavailable", "server_error", "slow_down",
}  # fmt: skip
"""What a provider says no with that is not about the token: it stays."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Which account at a provider, and whose it has to be."""

    user_id: UUID
    identity_id: UUID


class Refreshing:
    """The providers' tokens that one process uses."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def access(self, holder: Holder) -> str:
        """A token of this account that is good for a minute, if one can be had.

        Raises NotFound where it is not this user's any more, Unauthenticated where they have to
        sign in there anew, and Unavailable where the provider does not answer.
        """
        identity, provider, token = await self._look(holder)
        if not _ends_within(identity, _AHEAD):
            return token
        try:
            return await self._refresh(holder, provider, token)
        except Unavailable:
            if not _ends_within(identity, timedelta(0)):
                return token
            raise

    async def renew(self, holder: Holder, refused: str) -> str:
        """Another token than the one that somebody has refused. Raises what `access` raises."""
        _, provider, token = await self._look(holder)
        if token != refused:
            return token
        return await self._refresh(holder, provider, refused)

    async def _look(self, holder: Holder) -> tuple[Identity, Provider, str]:
        async with self._resources.db.transaction() as session:
            identity, provider = await _find(session, self._resources, holder)
        kept = open_tokens(self._resources, identity)
        if kept is None:
            raise _again(provider)
        return identity, provider, kept.access_token

    async def _refresh(self, holder: Holder, provider: Provider, stale: str) -> str:
        """Its token, if it is another one than `stale` by now; else the one that is given anew."""
        resources, given = self._resources, list[Given]()
        turn = self._turns.setdefault(holder.identity_id, asyncio.Lock())
        async with turn, self._few:
            try:
                async with resources.db.transaction() as session:
                    token = await _refresh_locked(session, resources, holder, stale, given)
            except (DBAPIError, OSError) as error:
                if not given or not is_away(error):
                    raise
                token = given[0].access_token
                await persist(resources.db, lambda late: _keep(late, resources, holder, given[0]))
        if token is None:
            raise _again(provider)
        return token


async def _refresh_locked(
    session: AsyncSession, resources: Resources, holder: Holder, stale: str, given: list[Given]
) -> str | None:
    """The new token; None where there is none for this user before they sign in there anew."""
    identity, provider = await _hold(session, resources, holder)
    kept = open_tokens(resources, identity)
    if kept is None or kept.access_token != stale:
        return kept.access_token if kept else None
    if kept.refresh_token is None or provider.is_github:
        return None
    try:
        given.append(await _ask(resources, provider, kept.refresh_token))
    except Denied as denied:
        log.warning("token_not_refreshed", provider=provider.name, error=denied.error)
        if denied.error in _NOT_THE_TOKEN:
            raise away(provider) from None
        identity.sealed = None
        return None
    keep_tokens(resources, identity, given[0])
    return given[0].access_token


async def _ask(resources: Resources, provider: Provider, refresh_token: str) -> Given:
    async with open_wire(resources.settings, provider) as wire:
        talk = Talk(provider, provider.secret(), wire)
        endpoints = await find_endpoints(resources, provider, talk)
        try:
            return await talk.refresh(endpoints.token, refresh_token)
        except Distrusted as lie:
            log.warning("provider_distrusted", provider=provider.name, reason=lie.reason)
            raise away(provider) from None


async def _keep(session: AsyncSession, resources: Resources, holder: Holder, given: Given) -> None:
    """The database went away between the refresh and its commit: kept once it is back."""
    identity, _ = await _hold(session, resources, holder)
    keep_tokens(resources, identity, given)


def _row_of(holder: Holder) -> Select[Identity]:
    return (
        select(Identity)
        .join(User, User.id == Identity.user_id)
        .where(
            Identity.id == holder.identity_id, Identity.user_id == holder.user_id, User.is_active
        )
    )


async def _find(
    session: AsyncSession, resources: Resources, holder: Holder
) -> tuple[Identity, Provider]:
    found: Identity | None = await session.scalar(_row_of(holder))
    return _checked(resources, found)


async def _hold(
    session: AsyncSession, resources: Resources, holder: Holder
) -> tuple[Identity, Provider]:
    """The same, held until the transaction ends: nobody else refreshes it meanwhile."""
    found: Identity | None = await session.scalar(_row_of(holder).with_for_update(of=Identity))
    return _checked(resources, found)


def _checked(resources: Resources, found: Identity | None) -> tuple[Identity, Provider]:
    if found is None:
        raise NotFound("There is no such linked account.")
    provider = get_provider(resources.settings, found.provider)
    if not provider.is_issuer(found.issuer):
        raise NotFound("There is no such linked account.")
    return found, provider


def _again(provider: Provider) -> Unauthenticated:
    return Unauthenticated(
        f"Sign in at {provider.label} again, so that Keiko may act for you there."
    )


def _ends_within(identity: Identity, ahead: timedelta) -> bool:
    return identity.expires_at is not None and identity.expires_at < now() + ahead
