"""The protocol, by Authlib: this module alone speaks to it, and closes what it leaves open.

By itself Authlib 1.9 takes a token for others if its `azp` is ours, an unsigned one if the
provider's metadata say so, metadata of another issuer, and an answer without an ID token. Here
issuer, audience, algorithm, nonce and subject are Keiko's to say (OpenID Connect Core 3.1.3.7).
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from app.core.db import JSON
from app.users.providers.presets import Provider
from app.users.providers.wire import GuardedTransport, away

LEEWAY = 30
"""Seconds by which clocks may differ."""

_LONGEST_TOKEN = 32_000
_LONGEST_SUBJECT = 255


class Distrusted(Exception):
    """What a provider said is not what a provider says; `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Denied(Exception):
    """A provider understood, and said no; `error` is its word for why."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class UnknownKey(Exception):
    """A token is signed with a key that is not among those that are known."""


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What only this browser's sign-in knows."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a token endpoint gave."""

    access_token: str
    refresh_token: str | None
    id_token: str | None
    seconds: int | None


def new_secrets() -> Secrets:
    """Fresh ones, of more than 256 bits each."""
    return Secrets(state=generate_token(48), nonce=generate_token(48), verifier=generate_token(64))


class Talk:
    """One conversation with a provider."""

    def __init__(self, provider: Provider, secret: str, transport: GuardedTransport) -> None:
        self._provider = provider
        method = "client_secret_post" if provider.is_github else "client_secret_basic"
        self._client = AsyncOAuth2Client(
            client_id=provider.settings.client_id,
            client_secret=secret,
            token_endpoint_auth_method=method,
            code_challenge_method="S256",
            transport=transport,
            trust_env=False,
            follow_redirects=False,
        )
        self._client.register_client_auth_method(("client_secret_basic", _sign_basic))

    def authorization_url(
        self, endpoint: str, redirect_uri: str, secrets: Secrets, **more: str
    ) -> str:
        """Where the browser is sent."""
        url, _ = self._client.create_authorization_url(
            endpoint,
            state=secrets.state,
            code_verifier=secrets.verifier,
            redirect_uri=redirect_uri,
            scope=" ".join(self._provider.scopes),
            **more,
        )
        return str(url)

    async def exchange(self, endpoint: str, code: str, redirect_uri: str, verifier: str) -> Given:
        """Tokens for a code. Raises Denied, Distrusted or Unavailable."""
        return await self._token(
            endpoint,
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=verifier,
        )

    async def refresh(self, endpoint: str, refresh_token: str) -> Given:
        """New tokens for old ones. Raises Denied, Distrusted or Unavailable."""
        return await self._token(endpoint, grant_type="refresh_token", refresh_token=refresh_token)

    async def _token(self, endpoint: str, **fields: str) -> Given:
        try:
            said = await self._client.fetch_token(endpoint, **fields)
        except OAuthError as error:
            raise Denied(str(error.error)[:100]) from None
        except httpx2.HTTPStatusError as error:
            raise away(self._provider) from error
        except ValueError as error:
            raise Distrusted("token answer is not an object") from error
        return _read_given(said)

    async def get(self, url: str, token: str | None = None) -> Any:
        """The JSON at an address, as a bearer of `token`. Raises Unavailable."""
        headers = {"accept": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        answer = await self._client.request(
            "GET", url, withhold_token=True, headers=headers, auth=None
        )
        try:
            answer.raise_for_status()
            return answer.json()
        except (httpx2.HTTPStatusError, ValueError) as error:
            raise away(self._provider) from error


def read_claims(token: str, keys: JSON, algorithms: Sequence[str]) -> tuple[JSON, JSON]:
    """Header and claims of a token that one of these keys has signed in one of these ways.

    Raises UnknownKey for another key, Distrusted for anything else that is wrong.
    """
    if len(token) > _LONGEST_TOKEN:
        raise Distrusted("token too long")
    try:
        found = jwt.decode(
            token,
            KeySet.import_key_set(keys),  # type: ignore[arg-type]
            registry=JWSRegistry(algorithms=list(algorithms), strict_check_header=False),
        )
    except InvalidKeyIdError:
        raise UnknownKey from None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Distrusted(f"signature: {type(error).__name__}") from None
    return dict(found.header), dict(found.claims)


def check_id_token(
    header: JSON, claims: JSON, *, issuer: str, client_id: str, nonce: str, access_token: str
) -> None:
    """Raises Distrusted unless a token is for Keiko, for this sign-in, and of this moment."""
    _check_kind(header, "JWT")
    check_standing(claims, issuer=issuer, client_id=client_id)
    if claims.get("nonce") != nonce:
        raise Distrusted("nonce")
    token = CodeIDToken(
        claims,
        header,
        {"iss": {"essential": True, "value": issuer}, "sub": {"essential": True}},
        {"nonce": nonce, "client_id": client_id, "access_token": access_token},
    )
    try:
        token.validate(leeway=LEEWAY)
    except (JoseError, ValueError, TypeError) as error:
        raise Distrusted(f"id token: {error}"[:100]) from None


def check_standing(claims: JSON, *, issuer: str, client_id: str) -> None:
    """Who says it and to whom: holds of every token that a provider signs."""
    if claims.get("iss") != issuer:
        raise Distrusted("issuer")
    if claims.get("aud") not in (client_id, [client_id]):
        raise Distrusted("audience")
    if claims.get("azp", client_id) != client_id:
        raise Distrusted("authorized party")
    if not is_subject(claims.get("sub")):
        raise Distrusted("subject")
    for name in ("exp", "iat"):
        if isinstance(claims.get(name), bool) or not isinstance(claims.get(name), int | float):
            raise Distrusted(name)


def is_subject(value: object) -> bool:
    """Whether it can be the name of an account (OpenID Connect Core, 2: ASCII, 255 at most)."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_SUBJECT
        and all(" " <= letter <= "~" for letter in value)
    )


def _check_kind(header: JSON, kind: str) -> None:
    if str(header.get("typ", kind)).upper() != kind.upper():
        raise Distrusted("kind of token")


def _sign_basic(
    client: Any, method: str, uri: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    """Name and password as RFC 6749 2.3.1 says: encoded each, which Authlib leaves out."""
    pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
    headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return uri, headers, body


def _read_given(said: Mapping[str, Any]) -> Given:
    access, kind = said.get("access_token"), said.get("token_type", "bearer")
    if not _is_token(access) or str(kind).lower() != "bearer":
        raise Distrusted("no access token")
    renewal, identity, seconds = (
        said.get("refresh_token"), said.get("id_token"), said.get("expires_in")
    )  # fmt: skip
    if isinstance(seconds, str) and seconds.isdecimal() and len(seconds) < 10:
        seconds = int(seconds)
    right = isinstance(seconds, int | float) and 0 < seconds < 10 * 365 * 86_400
    return Given(
        access_token=str(access),
        refresh_token=str(renewal) if _is_token(renewal) else None,
        id_token=identity if isinstance(identity, str) else None,
        seconds=int(seconds) if right and seconds else None,
    )


def _is_token(value: object) -> bool:
    """Whether it can stand in a header: nothing else may (RFC 6750, 2.1)."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_TOKEN
        and all("!" <= letter <= "~" for letter in value)
    )
