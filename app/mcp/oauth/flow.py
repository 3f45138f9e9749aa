"""A sign-in in two web requests: begin gives the address to go to, finish takes who comes back.

Between the two nothing is held but what `pending` keeps, for the user who began it alone.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
from app.core.logs import log
from app.core.resources import Resources
from app.mcp.happenings import say_changed
from app.mcp.listing import get_server
from app.mcp.models import CredentialState, McpCredential, McpServer, SignIn
from app.mcp.oauth.credentials import (
    find_credential,
    keep_sign_in,
    open_tokens,
)
from app.mcp.oauth.discovery import Found, discover, host_of, same_issuer
from app.mcp.oauth.grants import Denied, Kept, ask_token
from app.mcp.oauth.lending import begin_lending
from app.mcp.oauth.pending import LIFE, OVER, Begun, Pending, keep, take
from app.mcp.oauth.pinning import pin
from app.mcp.oauth.registration import CALLBACK, Client, find_client
from app.mcp.oauth.wire import open_wire
from app.mcp.sealing import open_secrets

_OFFLINE = "offline_access"
_TURN_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Who is signed in to what now; `back` is the path of ours to go on at."""

    server_id: UUID
    server_name: str
    back: str


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What an authorization server sends somebody back with (RFC 6749, 4.1.2; RFC 9207)."""

    state: str
    code: str | None = None
    error: str | None = None
    iss: str | None = None


@dataclass(frozen=True)
class _Before:
    """What an earlier sign-in of this user asked for, and who Keiko was there if it still is."""

    scopes: tuple[str, ...] = ()
    issuer: str = ""
    redirect_uri: str = ""
    client: Client | None = None


async def begin(
    resources: Resources, user_id: UUID, server_id: UUID, *, redirect_uri: str, back: str
) -> Begun:
    """Find out where to sign in, and as whom Keiko asks for it; or who lends which account.

    Raises NotFound, Conflict where nobody can sign in, TooMany while another one is begun, and
    Unavailable with what is in the way.
    """
    async with resources.db.transaction() as session:
        server = await get_server(session, user_id, server_id)
        if server.sign_in is SignIn.PROVIDER:
            base = redirect_uri.removesuffix(CALLBACK)
            return begin_lending(resources.settings, server, base=base, back=back)
        url, given = _address(resources, server)
        before = await _before(session, resources, server_id, user_id, url)
    turn = f"mcp:signing-in:{user_id}"
    if not await resources.redis.set(turn, b"1", nx=True, ex=_TURN_SECONDS):
        raise TooMany("A sign-in is being prepared already. Wait for its end.", retry_after=5)
    try:
        async with open_wire(resources.settings) as wire:
            found = await discover(wire, url)
            endpoint = found.authority.sign_in_address()
            await pin(resources, server_id, found.authority.issuer)
            scopes = _scopes(found, before)
            client = _known_client(found, before, redirect_uri, scopes) or await find_client(
                wire, resources.settings, found.authority,
                given=given, redirect_uri=redirect_uri, scopes=scopes,
            )  # fmt: skip
    finally:
        await resources.redis.delete(turn)
    pending = Pending(
        user_id=user_id,
        server_id=server_id,
        verifier=secrets.token_urlsafe(64),
        issuer=found.authority.issuer,
        says_issuer=found.authority.says_issuer,
        kept=_to_keep(found, client, url, redirect_uri, scopes),
        back=back,
    )
    state = await keep(resources, pending)
    return _begun(pending, state, endpoint)


def _address(resources: Resources, server: McpServer) -> tuple[str, dict[str, str]]:
    """Where it is, and what Keiko is called there. Raises Conflict where nobody can sign in."""
    if server.url is None:
        raise Conflict("This server is a program on Keiko's machine; there is no sign-in to it.")
    if server.sign_in is SignIn.MACHINE:
        raise Conflict("Keiko itself signs in to this server; you need not.")
    opened = open_secrets(resources, server)
    if any(name.lower() == "authorization" for name in opened["headers"]):
        raise Conflict("This server is called with a header Authorization. Remove it first.")
    return server.url, opened["oauth"]


async def _before(
    session: AsyncSession, resources: Resources, server_id: UUID, user_id: UUID, url: str
) -> _Before:
    row = await find_credential(session, server_id, user_id)
    if row is None:
        return _Before()
    try:
        kept = open_tokens(resources, row)
    except Unavailable:
        return _Before()
    if kept.url != url:
        return _Before()
    usable = row.state is CredentialState.VALID and not kept.client.is_given
    return _Before(
        scopes=(*kept.asked, *row.wanted),
        issuer=row.issuer,
        redirect_uri=kept.redirect_uri,
        client=kept.client if usable else None,
    )


def _scopes(found: Found, before: _Before) -> tuple[str, ...]:
    """What was asked for before and what calls were refused for want of; what the server says."""
    wanted = (*before.scopes, *found.scopes)
    if wanted and _OFFLINE in found.authority.scopes:
        wanted = (*wanted, _OFFLINE)
    return tuple(dict.fromkeys(wanted))


def _known_client(
    found: Found, before: _Before, redirect_uri: str, scopes: Sequence[str]
) -> Client | None:
    """Who Keiko is at this authorization server, if it has registered itself there before."""
    same = same_issuer(before.issuer, found.authority.issuer)
    if before.client is None or not same or before.redirect_uri != redirect_uri:
        return None
    return before.client if before.client.may_ask(scopes) else None


def _to_keep(
    found: Found, client: Client, url: str, redirect_uri: str, scopes: Sequence[str]
) -> Kept:
    return Kept(
        url=url,
        access_token="",
        token_endpoint=found.authority.token_endpoint,
        revocation_endpoint=found.authority.revocation_endpoint,
        redirect_uri=redirect_uri,
        resource=found.resource,
        client=client,
        asked=list(scopes),
    )


def _begun(pending: Pending, state: str, endpoint: str) -> Begun:
    kept = pending.kept
    digest = hashlib.sha256(pending.verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": kept.client.id,
        "redirect_uri": kept.redirect_uri,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        "scope": " ".join(kept.asked),
        "resource": kept.resource or "",
    }
    if _OFFLINE in kept.asked:
        asked["prompt"] = "consent"
    query = urlencode({name: value for name, value in asked.items() if value})
    joint = "&" if urlsplit(endpoint).query else "?"
    return Begun(
        address=f"{endpoint}{joint}{query}",
        host=host_of(endpoint),
        scopes=kept.asked,
        expires_at=now() + LIFE,
    )


async def finish(resources: Resources, user_id: UUID, said: Returned) -> Finished:
    """Take somebody who comes back: exchange the code, and keep what it gives.

    Raises NotFound for a way back that is over or another's, and Invalid or Unavailable with
    what went wrong.
    """
    pending = await take(resources, user_id, said.state)
    if pending.says_issuer or said.iss is not None:
        _check_issuer(pending.issuer, said.iss)
    if said.code is None:
        raise Invalid(_refusal(said.error))
    kept = pending.kept
    fields = {
        "grant_type": "authorization_code",
        "code": said.code,
        "redirect_uri": kept.redirect_uri,
        "code_verifier": pending.verifier,
        "resource": kept.resource,
    }
    async with open_wire(resources.settings) as wire:
        try:
            granted = await ask_token(wire, kept.token_endpoint, kept.client, fields)
        except Denied as denied:
            log.warning("sign_in_denied", host=host_of(kept.token_endpoint), error=denied.error)
            raise Unavailable(
                f"{host_of(kept.token_endpoint)} did not accept the sign-in. Begin it again."
            ) from None
    async with resources.db.transaction() as session:
        server = await get_server(session, user_id, pending.server_id)
        if server.url != kept.url:
            raise NotFound(OVER)
        server.wants_sign_in = True
        row = McpCredential(server_id=server.id, user_id=user_id, issuer=pending.issuer)
        await keep_sign_in(session, resources, row, kept=kept, granted=granted)
        say_changed(session, server, user_id, "signed_in")
    return Finished(server_id=server.id, server_name=server.name, back=pending.back)


def _check_issuer(expected: str, said: str | None) -> None:
    if said is None or not same_issuer(said, expected):
        raise Invalid(
            "Somebody else than the server's own sign-in has sent you back. Nothing was kept."
        )


def _refusal(error: str | None) -> str:
    if error == "access_denied":
        return "It was not allowed there, so you are not signed in."
    return "The sign-in ended with an error there. Begin it again."
