"""How a user stands with a server that wants to know who calls; never anything that is sealed."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.core.settings import Settings
from app.mcp.models import CredentialState, McpCredential, McpServer, SignIn
from app.mcp.oauth.discovery import host_of
from app.users.providers.presets import list_providers


class LentAccount(BaseModel):
    """An account of yours that a server works with, once you have said so."""

    provider: str
    label: Annotated[str, Field(description="What people call the provider.")]
    goes_to: Annotated[str, Field(description="The host that is sent your token of it.")]


class SignedIn(BaseModel):
    """How you stand with a server that wants to know who calls.

    `none`: it does not; `needed`: nobody has signed in so far; `again`: it has to be done anew.
    """

    state: Literal["none", "needed", "signed_in", "again", "machine"] = "none"
    host: Annotated[str | None, Field(description="Where you are signed in.")] = None
    scopes: list[str] = []
    wanted: Annotated[
        list[str], Field(description="What a call was refused for want of; sign in again for it.")
    ] = []
    since: datetime | None = None
    account: Annotated[
        LentAccount | None, Field(description="Whose account it works with; null if it does not.")
    ] = None


def view_sign_in(server: McpServer, row: McpCredential | None, settings: Settings) -> SignedIn:
    """How a user stands with a server; never anything of what is sealed."""
    if server.sign_in is SignIn.MACHINE:
        return SignedIn(state="machine")
    account = _view_account(server, settings)
    if row is None:
        is_needed = server.wants_sign_in or account is not None
        return SignedIn(state="needed" if is_needed else "none", account=account)
    is_valid = row.state is CredentialState.VALID
    return SignedIn(
        state="signed_in" if is_valid else "again",
        host=host_of(row.issuer),
        scopes=row.scopes,
        wanted=[scope for scope in row.wanted if scope not in row.scopes],
        since=row.created_at,
        account=account,
    )


def _view_account(server: McpServer, settings: Settings) -> LentAccount | None:
    if server.provider is None or server.url is None:
        return None
    known = [each for each in list_providers(settings) if each.name == server.provider]
    label = known[0].label if known else server.provider
    return LentAccount(provider=server.provider, label=label, goes_to=host_of(server.url))
