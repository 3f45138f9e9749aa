"""Tokens as a worker uses them: read anew for each request, refreshed ahead of time and once.

A refresh holds its row's lock while the authorization server is asked, over all processes, for a
refresh token may be good for one use only: whoever waited finds the new token and asks nobody.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.db import is_away, persist
from app.core.errors import Unavailable
from app.core.logs import log
from app.core.resources import Resources
from app.mcp.models import CredentialState, McpCredential
from app.mcp.oauth.credentials import (
    Account,
    find_credential,
    is_late,
    lock_credential,
    open_tokens,
    want_again,
    want_scopes,
    write_tokens,
)
from app.mcp.oauth.discovery import host_of
from app.mcp.oauth.grants import Denied, Granted, Kept, ask_refresh
from app.mcp.oauth.lent_tokens import LentTokens
from app.mcp.oauth.machine import ask_as_machine
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.oauth.wire import open_wire

_AT_ONCE = 4
"""Refreshes at one time in one process: each holds a connection to the database."""


class Tokens:
    """The sign-ins that one process uses."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._few = asyncio.Semaphore(_AT_ONCE)
        self.lent = LentTokens(resources)

    async def find(self, account: Account) -> tuple[McpCredential, Kept] | None:
        """A sign-in that can be used, and its tokens."""
        async with self._resources.db.transaction() as session:
            row = await find_credential(session, account.server_id, account.user_id)
        if row is None or row.state is not CredentialState.VALID or row.identity_id is not None:
            return None
        kept = open_tokens(self._resources, row)
        return (row, kept) if kept.url == account.url else None

    async def access(self, account: Account) -> str:
        """A token that is good for a while. Raises SignInNeeded, or Unavailable."""
        found = await self.find(account)
        if found is not None and not is_late(found[0], now()):
            return found[1].access_token
        if account.user_id is None:
            return await ask_as_machine(self._resources, account)
        if found is None:
            raise SignInNeeded
        row, kept = found
        try:
            return await self._refresh(row.id, kept.access_token)
        except Unavailable:
            if row.expires_at is not None and row.expires_at > now():
                return kept.access_token
            raise

    async def renew(self, account: Account, refused: str) -> str:
        """Another token than the one that a server has refused."""
        found = await self.find(account)
        if found is not None and found[1].access_token != refused:
            return found[1].access_token
        if account.user_id is None:
            return await ask_as_machine(self._resources, account)
        if found is None:
            raise SignInNeeded
        row, _ = found
        return await self._refresh(row.id, refused)

    async def give_up(self, account: Account, refused: str, scopes: Sequence[str]) -> None:
        """A fresh token was refused as well: only its owner can help. Raises SignInNeeded."""
        if account.user_id is None:
            raise Unavailable("It does not accept Keiko, which signs in by itself. Ask an admin.")
        found = await self.find(account)
        if found is not None and found[1].access_token == refused:
            row = found[0]
            await persist(
                self._resources.db,
                lambda session: want_again(session, self._resources, row.server_id, row.id),
            )
        raise SignInNeeded(scopes)

    async def lacks(self, account: Account, scopes: list[str]) -> bool:
        """A call was refused for want of scopes: whether another sign-in may bring them."""
        found = await self.find(account)
        if account.user_id is None or found is None:
            return account.user_id is not None
        row, kept = found
        if scopes and set(scopes) <= set(kept.asked):
            return False
        await persist(self._resources.db, lambda session: want_scopes(session, row.id, scopes))
        return bool(scopes)

    async def _refresh(self, credential_id: UUID, stale: str) -> str:
        turn = self._turns.setdefault(credential_id, asyncio.Lock())
        async with turn, self._few:
            granted: list[tuple[Kept, Granted]] = []
            try:
                async with self._resources.db.transaction() as session:
                    token = await self._refresh_locked(session, credential_id, stale, granted)
            except (DBAPIError, OSError) as error:
                if not granted or not is_away(error):
                    raise
                token = await self._keep_late(credential_id, *granted[0])
        if token is None:
            raise SignInNeeded
        return token

    async def _refresh_locked(
        self,
        session: AsyncSession,
        credential_id: UUID,
        stale: str,
        granted: list[tuple[Kept, Granted]],
    ) -> str | None:
        """The new token; None where its owner has to sign in again."""
        row = await lock_credential(session, credential_id)
        if row is None or row.state is not CredentialState.VALID:
            return None
        kept = open_tokens(self._resources, row)
        if kept.access_token != stale:
            return kept.access_token
        try:
            new = await self._ask(kept)
        except Denied as denied:
            host = host_of(kept.token_endpoint)
            log.warning("token_not_refreshed", host=host, error=denied.error)
            await want_again(session, self._resources, row.server_id, row.id)
            return None
        granted.append((kept, new))
        write_tokens(self._resources, row, kept, new)
        return new.access_token

    async def _ask(self, kept: Kept) -> Granted:
        if kept.refresh_token is None:
            raise Denied("no_refresh_token")
        async with open_wire(self._resources.settings) as wire:
            return await ask_refresh(wire, kept)

    async def _keep_late(self, credential_id: UUID, kept: Kept, new: Granted) -> str | None:
        """The database went away between the refresh and its commit: keep it once it is back."""

        async def write(session: AsyncSession) -> None:
            row = await lock_credential(session, credential_id)
            if row is not None:
                write_tokens(self._resources, row, kept, new)

        await persist(self._resources.db, write)
        return new.access_token
