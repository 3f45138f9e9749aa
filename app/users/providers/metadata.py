"""What providers say of themselves: read where the operator named them, believed where it fits.

Kept in Redis, sealed, for all processes: the description for a day, the keys for an hour. A token
with an unknown key has the keys read anew, but once a minute at most, whatever is sent.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.db import JSON
from app.core.errors import Unavailable
from app.core.logs import log
from app.core.redis import LOST
from app.core.resources import Resources
from app.core.sealed import Place
from app.core.settings import Settings
from app.users.providers.openid import Distrusted, Talk, UnknownKey, read_claims
from app.users.providers.presets import Provider
from app.users.providers.wire import may_be_asked

DESCRIPTION_LIFE = timedelta(hours=24)
KEYS_LIFE = timedelta(hours=1)
REREAD_EVERY = timedelta(minutes=1)
"""However many unknown keys are met, the keys are read anew this often and no more."""

_MOST_KEYS = 50
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where a provider does what."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    end_session: str | None
    says_issuer: bool
    """Whether it names itself when it sends somebody back (RFC 9207)."""


def unfit(provider: Provider) -> Unavailable:
    """It describes itself in a way that cannot be believed."""
    return Unavailable(
        f"What {provider.label} says of itself is not what Keiko expects of it. Whoever runs this "
        "Keiko runs ./keiko doctor to see why."
    )


async def find_endpoints(resources: Resources, provider: Provider, talk: Talk) -> Endpoints:
    """Where the provider does what. Raises Unavailable where that cannot be known or believed."""
    kept = await _kept(resources, "description", provider.discovery)
    if kept is None:
        kept = await talk.get(provider.discovery)
        _read(resources, provider, kept)
        await _keep(resources, "description", provider.discovery, kept, DESCRIPTION_LIFE)
    return _read(resources, provider, kept)


async def read_signed(
    resources: Resources, provider: Provider, talk: Talk, token: str
) -> tuple[JSON, JSON]:
    """Header and claims of a token that the provider has signed. Raises Distrusted."""
    endpoints = await find_endpoints(resources, provider, talk)
    algorithms = provider.settings.algorithms
    keys = await _kept(resources, "keys", endpoints.keys)
    if keys is None:
        keys = await _read_keys(resources, talk, endpoints.keys)
    try:
        return read_claims(token, keys, algorithms)
    except UnknownKey:
        if not await _may_reread(resources, endpoints.keys):
            raise Distrusted("unknown key") from None
    keys = await _read_keys(resources, talk, endpoints.keys)
    try:
        return read_claims(token, keys, algorithms)
    except UnknownKey:
        raise Distrusted("unknown key") from None


async def _read_keys(resources: Resources, talk: Talk, url: str) -> JSON:
    found = await talk.get(url)
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise Distrusted("keys")
    usable = [key for key in keys if isinstance(key, dict) and key.get("kty") != "oct"]
    await _keep(resources, "keys", url, {"keys": usable}, KEYS_LIFE)
    return {"keys": usable}


def _read(resources: Resources, provider: Provider, said: Any) -> Endpoints:
    """What a description says. Raises Unavailable for one that is another's, or not whole."""
    found, wrong = read_description(resources.settings, provider, said)
    if found is None:
        log.warning("provider_unfit", provider=provider.name, why=wrong)
        raise unfit(provider)
    return found


def read_description(
    settings: Settings, provider: Provider, said: Any
) -> tuple[Endpoints | None, str]:
    """What a description says, or else what is wrong with it, as a sentence for the operator."""
    if not isinstance(said, dict):
        return None, f"{provider.discovery} gives no description"
    if said.get("issuer") != provider.issuer:
        named = str(said.get("issuer"))[:200]
        return None, f"it calls itself {named!r}, its settings {provider.issuer!r}"
    private = provider.private_hosts(settings)
    for name in (*_NEEDED, *_OPTIONAL):
        url = said.get(name)
        if url is None and name in _OPTIONAL:
            continue
        if not isinstance(url, str) or not may_be_asked(url, private):
            return None, f"it names as {name} an address that Keiko may not ask"
    return (
        Endpoints(
            authorization=said["authorization_endpoint"],
            token=said["token_endpoint"],
            keys=said["jwks_uri"],
            userinfo=said.get("userinfo_endpoint"),
            end_session=said.get("end_session_endpoint"),
            says_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        ),
        "",
    )


def _where(kind: str, url: str) -> tuple[str, Place]:
    digest = hashlib.sha256(url.encode())
    place = Place("redis", f"provider:{kind}", UUID(bytes=digest.digest()[:16]))
    return f"provider:{kind}:{digest.hexdigest()}", place


async def _kept(resources: Resources, kind: str, url: str) -> Any:
    key, place = _where(kind, url)
    try:
        sealed = await resources.redis.get(key)
        return None if sealed is None else resources.sealer.unseal(sealed, place)
    except (*LOST, Unavailable):
        return None


async def _keep(resources: Resources, kind: str, url: str, said: Any, life: timedelta) -> None:
    key, place = _where(kind, url)
    try:
        await resources.redis.set(key, resources.sealer.seal(said, place), ex=life)
    except LOST:
        log.warning("provider_not_kept", kind=kind)


async def _may_reread(resources: Resources, url: str) -> bool:
    """Whether the keys were not read anew a moment ago; of several who ask at once, one may."""
    key, _ = _where("reread", url)
    try:
        return bool(await resources.redis.set(key, b"1", ex=REREAD_EVERY, nx=True))
    except LOST:
        return False
