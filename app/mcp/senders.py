"""In whose name a worker calls a server."""

from app.mcp.models import SignIn
from app.mcp.oauth.bearer import Bearer, Nobody, Sender
from app.mcp.oauth.credentials import Account
from app.mcp.oauth.lent_tokens import LentTokens
from app.mcp.oauth.tokens import Tokens
from app.mcp.spec import ServerSpec


def account_of(spec: ServerSpec) -> Account | None:
    """The sign-in that a session goes by, if there is one."""
    if spec.id is None or spec.url is None or spec.sign_in is None or spec.is_closed:
        return None
    user_id = None if spec.sign_in is SignIn.MACHINE else spec.user_id
    return Account(server_id=spec.id, user_id=user_id, url=spec.url)


def sender_of(spec: ServerSpec, tokens: Tokens | None) -> Sender | None:
    """Who sends the requests of a session; None where its headers say it all."""
    lends = spec.sign_in is SignIn.PROVIDER
    if not lends and any(name.lower() == "authorization" for name in spec.headers):
        return None
    account = account_of(spec)
    if account is None or tokens is None:
        return Nobody()
    return Bearer(_source(spec, tokens), account)


def _source(spec: ServerSpec, tokens: Tokens) -> Tokens | LentTokens:
    return tokens.lent if spec.sign_in is SignIn.PROVIDER else tokens


async def is_current(spec: ServerSpec, tokens: Tokens | None) -> bool:
    """Whether a session is the one of its user's latest sign-in."""
    account = account_of(spec)
    if account is None or tokens is None:
        return False
    found = await _source(spec, tokens).find(account)
    return found is not None and found[0].id == spec.credential_id


async def nothing_new() -> None:
    """Nobody has a registry to read."""
