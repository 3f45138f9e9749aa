"""Tokens: exchanged for a code, renewed, shown, given back. Opaque, and kept as hashes.

A refresh token is good once. Who shows one again, or a code again, ends the whole grant: of the
two who hold it, one has stolen it (OAuth 2.1, 4.3.1; RFC 9700, 4.14).
"""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.db import Database
from app.oauth.grants import IDLE_END, end_family, is_resource
from app.oauth.keys import Key, hash_of, new_key
from app.oauth.models import OAuthClient, OAuthCode, OAuthGrant, OAuthToken, Scope, TokenKind
from app.oauth.refusals import OAuthRefusal, invalid_grant
from app.users.models import User
from app.users.permissions import ROLE_PERMISSIONS, Permission

ACCESS_LIFE = timedelta(hours=1)

SEEN_EVERY = timedelta(minutes=5)
"""How coarsely the last use is written down."""

_P = Permission
NEEDED: Mapping[Scope, frozenset[Permission]] = {
    Scope.READ: frozenset({_P.TASKS_READ, _P.CHATS_READ, _P.FILES_READ, _P.MEMORIES_READ}),
    Scope.WRITE: frozenset({_P.TASKS_WRITE, _P.MEMORIES_WRITE}),
}
"""What a user must be allowed at this moment, for a scope that they granted to count."""

_OVER = "This token is not known, or it is over. Ask the user to connect again."


@dataclass(frozen=True, kw_only=True)
class Issued:
    """New tokens, which are kept nowhere."""

    access_token: str
    refresh_token: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, kw_only=True)
class Guest:
    """A program that came in with a token, and for whom."""

    user_id: UUID
    grant_id: UUID
    name: str
    scopes: tuple[Scope, ...]


_Step = Callable[[AsyncSession, Mapping[str, str]], Awaitable[Issued | OAuthRefusal]]


async def issue_tokens(db: Database, said: Mapping[str, str]) -> Issued:
    """Answer a token request (OAuth 2.1, 3.2). Raises `OAuthRefusal`.

    What a refusal changes, such as a grant that ends, is written all the same.
    """
    step = _STEPS.get(said.get("grant_type", ""))
    if step is None:
        raise OAuthRefusal(
            "unsupported_grant_type", "grant_type is authorization_code or refresh_token."
        )
    if not said.get("client_id"):
        raise OAuthRefusal("invalid_client", "client_id is missing.")
    async with db.transaction() as session:
        outcome = await step(session, said)
    if isinstance(outcome, OAuthRefusal):
        raise outcome
    return outcome


async def _exchange_code(session: AsyncSession, said: Mapping[str, str]) -> Issued | OAuthRefusal:
    """Whatever comes of it, a code that was shown is used up."""
    code = await session.scalar(
        select(OAuthCode)
        .where(OAuthCode.code_hash == hash_of(said.get("code", "")))
        .with_for_update()
    )
    if code is None:
        return invalid_grant("This code is not known.")
    grant, client_id = await _grant(session, code.grant_id)
    if code.used_at is not None:
        await end_family(session, grant, "a code was shown twice")
        return invalid_grant("This code was used already.")
    code.used_at = now()
    if client_id != said["client_id"] or said.get("redirect_uri", code.redirect_uri) != (
        code.redirect_uri
    ):
        return invalid_grant("This code was given to another client or another redirect_uri.")
    if not _fits(code.challenge, said.get("code_verifier", "")):
        return invalid_grant("The code_verifier does not fit the code_challenge.")
    if not is_resource(said.get("resource"), grant.resource):
        return OAuthRefusal("invalid_target", f"The code is for {grant.resource}.")
    if code.expires_at <= now() or not await _may_go_on(session, grant):
        return invalid_grant("This code is too old.")
    return await _issue(session, grant)


async def _refresh(session: AsyncSession, said: Mapping[str, str]) -> Issued | OAuthRefusal:
    token = await session.scalar(
        select(OAuthToken)
        .where(
            OAuthToken.token_hash == hash_of(said.get("refresh_token", "")),
            OAuthToken.kind == TokenKind.REFRESH,
        )
        .with_for_update()
    )
    if token is None:
        return invalid_grant(_OVER)
    grant, client_id = await _grant(session, token.grant_id)
    if client_id != said["client_id"]:
        return invalid_grant(_OVER)
    if token.used_at is not None:
        await end_family(session, grant, "a refresh token was shown twice")
        return invalid_grant(_OVER)
    if token.expires_at <= now() or not await _may_go_on(session, grant):
        return invalid_grant(_OVER)
    if not is_resource(said.get("resource"), grant.resource):
        return OAuthRefusal("invalid_target", f"The token is for {grant.resource}.")
    if not set(said.get("scope", "").split()) <= {*grant.scopes, "offline_access"}:
        return OAuthRefusal("invalid_scope", "More than the user has granted.")
    token.used_at = now()
    return await _issue(session, grant)


_STEPS: dict[str, _Step] = {"authorization_code": _exchange_code, "refresh_token": _refresh}


async def _grant(session: AsyncSession, grant_id: UUID) -> tuple[OAuthGrant, str]:
    """The grant, held until the transaction ends, and the id of its client."""
    found = (
        await session.execute(
            select(OAuthGrant, OAuthClient.client_id)
            .join(OAuthClient, OAuthClient.id == OAuthGrant.client_id)
            .where(OAuthGrant.id == grant_id)
            .with_for_update(of=OAuthGrant)
        )
    ).one()
    return found[0], found[1]


async def _may_go_on(session: AsyncSession, grant: OAuthGrant) -> bool:
    if grant.ended_at is not None or grant.ends_at <= now():
        return False
    return bool(await session.scalar(select(User.is_active).where(User.id == grant.user_id)))


def _fits(challenge: str, verifier: str) -> bool:
    """PKCE with S256 (RFC 7636, 4.6)."""
    if not 43 <= len(verifier) <= 128 or not verifier.isascii():
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).decode().rstrip("="), challenge)


async def _issue(session: AsyncSession, grant: OAuthGrant) -> Issued:
    at = now()
    grant.ends_at, grant.last_used_at = at + IDLE_END, at
    ended = OAuthToken.grant_id == grant.id, OAuthToken.expires_at <= at
    await session.execute(delete(OAuthToken).where(*ended))
    made: dict[TokenKind, Key] = {}
    for kind, life in ((TokenKind.ACCESS, ACCESS_LIFE), (TokenKind.REFRESH, IDLE_END)):
        made[kind] = new_key()
        session.add(
            OAuthToken(
                token_hash=made[kind].hashed, grant_id=grant.id, kind=kind, expires_at=at + life
            )
        )
    return Issued(
        access_token=made[TokenKind.ACCESS].text,
        refresh_token=made[TokenKind.REFRESH].text,
        scopes=_scopes_of(grant),
    )


def _scopes_of(grant: OAuthGrant) -> tuple[Scope, ...]:
    return tuple(Scope(scope) for scope in grant.scopes)


async def find_guest(session: AsyncSession, token: str, resource: str) -> Guest | None:
    """Who holds this access token, if it opens this very resource, now; notes that it was used."""
    found = await session.execute(
        select(OAuthGrant, User.role)
        .join(OAuthToken, OAuthToken.grant_id == OAuthGrant.id)
        .join(User, User.id == OAuthGrant.user_id)
        .where(
            OAuthToken.token_hash == hash_of(token),
            OAuthToken.kind == TokenKind.ACCESS,
            OAuthToken.expires_at > now(),
            OAuthGrant.ended_at.is_(None),
            OAuthGrant.resource == resource,
            User.is_active,
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    grant, role = row
    if now() - grant.last_used_at >= SEEN_EVERY:
        grant.last_used_at = now()
    scopes = tuple(scope for scope in _scopes_of(grant) if NEEDED[scope] <= ROLE_PERMISSIONS[role])
    return Guest(user_id=grant.user_id, grant_id=grant.id, name=grant.name, scopes=scopes)


async def revoke_token(db: Database, token: str, client_id: str) -> None:
    """Give a token back: a refresh token with its whole grant, an access token alone (RFC 7009).

    What is not known, or another client's, changes nothing.
    """
    async with db.transaction() as session:
        found = await session.scalar(
            select(OAuthToken).where(OAuthToken.token_hash == hash_of(token))
        )
        if found is None:
            return
        grant, owner = await _grant(session, found.grant_id)
        if owner != client_id:
            return
        if found.kind is TokenKind.REFRESH:
            await end_family(session, grant, "ended by the program")
        else:
            await session.delete(found)
