"""The way to a provider and back: what must be the same at both ends is kept here, not there.

It is sealed in Redis, used once, and found only by the browser that began it: a cookie of that one
sign-in holds a number, whose hash is kept. Each provider has its own way back, so that an answer
of one is never taken for another's (RFC 9700, 4.4).
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import BaseModel

from app.core.errors import AppError, NotFound, Unauthenticated, Unavailable
from app.core.logs import log
from app.core.redis import LOST
from app.core.resources import Resources
from app.core.sealed import Place
from app.users.providers import github
from app.users.providers.metadata import Endpoints, find_endpoints, read_signed
from app.users.providers.openid import (
    Denied,
    Distrusted,
    Given,
    Talk,
    check_id_token,
    new_secrets,
)
from app.users.providers.presets import TENANT_PLACE, Provider, is_tenant
from app.users.providers.profile import Profile, read_profile
from app.users.providers.wire import open_wire

LIFE = timedelta(minutes=10)
"""How long somebody may take to sign in there."""

OVER = "This sign-in is over, or it was begun in another browser. Begin it again."
REDIS_AWAY = "Signing in elsewhere is not possible at the moment. Try again in a few seconds."

_STATE = re.compile(r"[A-Za-z0-9_-]{20,200}")
_LONGEST_CODE = 4_096


class Lending(BaseModel):
    """A server of tools that is to work with the account that is linked, at this address."""

    server_id: UUID
    url: str


class Wish(BaseModel):
    """What somebody wants who sets out: to go on at `next`, with an invitation or to link."""

    next: str = "/"
    invitation: str | None = None
    link_to: UUID | None = None
    """The account that is to be linked; its session `session_id` stays the same."""
    session_id: UUID | None = None
    lend: Lending | None = None


class Pending(BaseModel):
    """What must be known when somebody comes back."""

    provider: str
    nonce: str
    verifier: str
    redirect_uri: str
    browser: str
    wish: Wish


@dataclass(frozen=True, kw_only=True)
class Outset:
    """Where the browser goes, and the cookie that it holds until it is back."""

    url: str
    cookie: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a browser came back with."""

    state: str
    code: str | None
    error: str | None
    iss: str | None


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Somebody whom a provider has vouched for, and what they wanted."""

    profile: Profile
    given: Given
    wish: Wish


def cookie_of(state: str) -> str:
    """The name of the cookie of one sign-in."""
    return f"keiko_way_{hashlib.sha256(state.encode()).hexdigest()[:16]}"


async def set_out(
    resources: Resources, provider: Provider, *, redirect_uri: str, wish: Wish
) -> Outset:
    """Begin a sign-in. Raises Unavailable where the provider or Redis does not answer."""
    own, token = new_secrets(), secrets.token_urlsafe(32)
    async with open_wire(resources.settings, provider) as wire:
        talk = Talk(provider, "", wire)
        endpoints = await _endpoints(resources, provider, talk)
        more = {} if provider.is_github else {"nonce": own.nonce}
        if wish.lend is not None:
            more |= provider.asks_to_refresh
        url = talk.authorization_url(endpoints.authorization, redirect_uri, own, **more)
    pending = Pending(
        provider=provider.name,
        nonce=own.nonce,
        verifier=own.verifier,
        redirect_uri=redirect_uri,
        browser=_hash(token),
        wish=wish,
    )
    key, place = _where(own.state)
    try:
        sealed = resources.sealer.seal(pending.model_dump(mode="json"), place)
        await resources.redis.set(key, sealed, ex=LIFE)
    except LOST:
        raise Unavailable(REDIS_AWAY) from None
    return Outset(url=url, cookie=cookie_of(own.state), token=token)


async def take(resources: Resources, provider: Provider, state: str, token: str | None) -> Pending:
    """What was kept, once, for the browser that set out alone. Raises NotFound."""
    if not _STATE.fullmatch(state) or not token:
        raise NotFound(OVER)
    key, place = _where(state)
    try:
        sealed = await resources.redis.getdel(key)
    except LOST:
        raise Unavailable(REDIS_AWAY) from None
    if sealed is None:
        raise NotFound(OVER)
    pending = Pending.model_validate(resources.sealer.unseal(sealed, place))
    if pending.provider != provider.name or not hmac.compare_digest(pending.browser, _hash(token)):
        raise NotFound(OVER)
    return pending


async def arrive(
    resources: Resources, provider: Provider, pending: Pending, said: Returned
) -> Arrival:
    """Whom the provider vouches for. Raises Unauthenticated, or Unavailable.

    Why somebody was not believed stands in the log, and not on the page.
    """
    async with open_wire(resources.settings, provider) as wire:
        talk = Talk(provider, provider.secret(), wire)
        try:
            return await _arrive(resources, provider, talk, pending, said)
        except Distrusted as lie:
            log.warning("provider_distrusted", provider=provider.name, reason=lie.reason)
            raise Unauthenticated(
                f"{provider.label} sent something that Keiko does not trust, so you are not signed "
                "in. Try again; if it stays like that, tell whoever runs this Keiko."
            ) from None
        except Denied as denied:
            log.warning("provider_denied", provider=provider.name, error=denied.error)
            raise _refusal(provider, denied.error) from None


async def _arrive(
    resources: Resources, provider: Provider, talk: Talk, pending: Pending, said: Returned
) -> Arrival:
    endpoints = await _endpoints(resources, provider, talk)
    if not provider.is_github:
        if said.iss is not None and not provider.is_issuer(said.iss):
            raise Distrusted("callback issuer")
        if said.iss is None and endpoints.says_issuer:
            raise Distrusted("callback without issuer")
    if said.error is not None or not said.code or len(said.code) > _LONGEST_CODE:
        raise Denied((said.error or "no code")[:100])
    given = await talk.exchange(endpoints.token, said.code, pending.redirect_uri, pending.verifier)
    if provider.is_github:
        profile = await github.ask_profile(provider, talk, given.access_token)
    else:
        profile = await _identify(resources, provider, talk, endpoints, given, pending.nonce)
        if said.iss not in (None, profile.issuer):
            raise Distrusted("callback issuer")
    return Arrival(profile=profile, given=given, wish=pending.wish)


async def _identify(
    resources: Resources,
    provider: Provider,
    talk: Talk,
    endpoints: Endpoints,
    given: Given,
    nonce: str,
) -> Profile:
    if given.id_token is None:
        raise Distrusted("no id token")
    header, claims = await read_signed(resources, provider, talk, given.id_token)
    check_id_token(
        header,
        claims,
        issuer=issuer_of(provider, claims.get("tid")),
        client_id=provider.settings.client_id,
        nonce=nonce,
        access_token=given.access_token,
    )
    told = {}
    if endpoints.userinfo is not None:
        told = await talk.get(endpoints.userinfo, given.access_token)
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
            raise Distrusted("userinfo of somebody else")
    return read_profile(provider, claims, told)


def issuer_of(provider: Provider, tenant: object) -> str:
    """Who has to have issued a token; with Microsoft's shared tenants, that of an allowed one."""
    if TENANT_PLACE not in provider.issuer:
        return provider.issuer
    allowed = [each.lower() for each in provider.settings.tenants]
    if not isinstance(tenant, str) or not is_tenant(tenant):
        raise Distrusted("tenant")
    if allowed and tenant not in allowed:
        raise Denied("tenant_not_allowed")
    return provider.issuer.replace(TENANT_PLACE, tenant)


async def _endpoints(resources: Resources, provider: Provider, talk: Talk) -> Endpoints:
    if provider.is_github:
        return github.endpoints_of(provider)
    return await find_endpoints(resources, provider, talk)


def _refusal(provider: Provider, error: str) -> AppError:
    if error == "access_denied":
        return Unauthenticated(f"It was not allowed at {provider.label}, so you are not signed in.")
    if error == "tenant_not_allowed":
        return Unauthenticated(
            f"Your organisation at {provider.label} may not come in here. Ask whoever runs this "
            "Keiko."
        )
    if error in ("temporarily_unavailable", "server_error"):
        return Unavailable(f"{provider.label} cannot sign you in at the moment. Try again later.")
    if error in ("invalid_client", "unauthorized_client"):
        return Unavailable(
            f"{provider.label} does not accept Keiko itself. Whoever runs this Keiko looks at "
            "client_id and its secret in KEIKO_SIGN_IN_PROVIDERS."
        )
    return Unauthenticated(f"The sign-in ended with an error at {provider.label}. Begin it again.")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _where(state: str) -> tuple[str, Place]:
    digest = hashlib.sha256(state.encode())
    place = Place("redis", "sign-in:way", UUID(bytes=digest.digest()[:16]))
    return f"sign-in:way:{digest.hexdigest()}", place
