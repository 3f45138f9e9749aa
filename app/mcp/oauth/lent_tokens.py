"""Tokens of accounts that users have lent to servers: read anew for each request, never kept here.

Each is that of the account which its own user agreed to lend to this address; they are kept and
refreshed where the account is (`users/providers/refreshing`).
"""

from collections.abc import Awaitable, Callable, Sequence

from app.core.db import persist
from app.core.errors import NotFound, Unauthenticated
from app.core.resources import Resources
from app.mcp.models import CredentialState, McpCredential
from app.mcp.oauth.credentials import Account, find_credential, want_again
from app.mcp.oauth.lending import Loan, open_loan
from app.mcp.oauth.needed import SignInNeeded
from app.users.providers.refreshing import Holder, Refreshing


class LentTokens:
    """The lent accounts that one process uses."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._refreshing = Refreshing(resources)

    async def find(self, account: Account) -> tuple[McpCredential, Loan] | None:
        """What a user has agreed to, if it can be used."""
        if account.user_id is None:
            return None
        async with self._resources.db.transaction() as session:
            row = await find_credential(session, account.server_id, account.user_id)
        if row is None or row.state is not CredentialState.VALID:
            return None
        loan = open_loan(self._resources, row, account.url)
        return (row, loan) if loan is not None else None

    async def access(self, account: Account) -> str:
        """A token that is good for a while. Raises SignInNeeded, or Unavailable."""
        return await self._token(account, self._refreshing.access)

    async def renew(self, account: Account, refused: str) -> str:
        """Another token than the one that a server has refused."""
        return await self._token(account, lambda of: self._refreshing.renew(of, refused))

    async def give_up(self, account: Account, refused: str, scopes: Sequence[str]) -> None:
        """A fresh token was refused as well: only its owner can help. Raises SignInNeeded."""
        found = await self.find(account)
        if found is not None:
            await self._want_again(found[0])
        raise SignInNeeded(scopes)

    async def lacks(self, account: Account, scopes: list[str]) -> bool:
        """Another sign-in brings no more rights: the operator says what is asked for there."""
        return False

    async def _token(self, account: Account, ask: Callable[[Holder], Awaitable[str]]) -> str:
        found = await self.find(account)
        if found is None:
            raise SignInNeeded
        row, loan = found
        try:
            return await ask(Holder(user_id=loan.user_id, identity_id=loan.identity_id))
        except (NotFound, Unauthenticated) as error:
            await self._want_again(row)
            raise SignInNeeded from error

    async def _want_again(self, row: McpCredential) -> None:
        await persist(
            self._resources.db,
            lambda session: want_again(session, self._resources, row.server_id, row.id),
        )
