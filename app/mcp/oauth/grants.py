"""Tokens, as authorization servers give them (OAuth 2.1, 3.2) and take them back (RFC 7009)."""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel

from app.core.clock import now
from app.core.errors import Unavailable
from app.core.logs import log
from app.mcp.oauth.discovery import host_of, is_refused, read_scopes
from app.mcp.oauth.registration import Client
from app.mcp.oauth.wire import Wire, read_json

_LONGEST_TOKEN = 16_000
_LONGEST_LIFE = 10 * 365 * 86_400


class Kept(BaseModel):
    """What is kept, sealed, of a sign-in. Holds secrets: never logged, never given back."""

    url: str
    """The server that the token is for: it goes to no other."""
    access_token: str
    refresh_token: str | None = None
    token_endpoint: str
    revocation_endpoint: str | None = None
    redirect_uri: str = ""
    resource: str | None = None
    client: Client
    asked: list[str] = []
    """The scopes that were asked for; fewer may have been given."""


class Granted(BaseModel):
    """What a token endpoint gave."""

    access_token: str
    refresh_token: str | None
    scopes: list[str] | None
    expires_at: datetime | None


class Denied(Exception):
    """The authorization server understood, and said no; `error` is its word for why."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


async def ask_token(
    wire: Wire, endpoint: str, client: Client, fields: Mapping[str, str | None]
) -> Granted:
    """Ask for a token. Raises Denied, or Unavailable where nothing can be concluded."""
    form, headers = client.signed({key: value for key, value in fields.items() if value})
    answer = await wire.post_form(endpoint, form, headers)
    content = read_json(answer)
    if is_refused(answer):
        raise Denied(str(content.get("error", ""))[:100])
    token, kind = content.get("access_token"), str(content.get("token_type", "bearer"))
    if answer.status != 200 or not _is_token(token) or kind.lower() != "bearer":
        raise Unavailable(
            f"{host_of(endpoint)} gave no token (HTTP {answer.status}). Try again later."
        )
    renewed = content.get("refresh_token")
    scope = content.get("scope")
    return Granted(
        access_token=str(token),
        refresh_token=str(renewed) if _is_token(renewed) else None,
        scopes=list(read_scopes(scope)) if isinstance(scope, str) else None,
        expires_at=_expiry(content.get("expires_in")),
    )


def _is_token(value: object) -> bool:
    """Whether it can stand in a header: nothing else may (RFC 6750, 2.1)."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_TOKEN
        and all("!" <= letter <= "~" for letter in value)
    )


def _expiry(seconds: object) -> datetime | None:
    if isinstance(seconds, str) and seconds.isdecimal() and len(seconds) < 20:
        seconds = int(seconds)
    if not isinstance(seconds, int | float) or not 0 < seconds < _LONGEST_LIFE:
        return None
    return now() + timedelta(seconds=float(seconds))


async def ask_refresh(wire: Wire, kept: Kept) -> Granted:
    """A new token for an old one. Asked a second time at once where the answer was lost.

    A server that had given it then sees its old refresh token again, and says no: Denied.
    """
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": kept.refresh_token,
        "resource": kept.resource,
    }
    with contextlib.suppress(Unavailable):
        return await ask_token(wire, kept.token_endpoint, kept.client, fields)
    return await ask_token(wire, kept.token_endpoint, kept.client, fields)


async def revoke(wire: Wire, kept: Kept) -> bool:
    """Have the authorization server forget the tokens too; whether it said so."""
    if kept.revocation_endpoint is None:
        return False
    done = True
    for kind in ("refresh_token", "access_token"):
        token = kept.refresh_token if kind == "refresh_token" else kept.access_token
        if token is None:
            continue
        form, headers = kept.client.signed({"token": token, "token_type_hint": kind})
        try:
            answer = await wire.post_form(kept.revocation_endpoint, form, headers)
            done = done and answer.is_success
        except Unavailable as error:
            log.warning(
                "token_not_revoked", host=host_of(kept.revocation_endpoint), error=error.code
            )
            done = False
    return done
