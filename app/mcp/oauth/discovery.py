"""Where to sign in to a server, as it says itself: RFC 9728, then RFC 8414 or OpenID discovery.

A server of MCP 2025-03-26 says nothing: then its own host is asked, or has the endpoints of old.
Nothing that is said is believed beyond what the specifications check: who claims to stand for
another server, or for another issuer, is refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from app.core.db import JSON
from app.core.errors import Unavailable
from app.core.outbound import Answer
from app.mcp.oauth.wire import Wire, read_json

MOST_SCOPES = 100
_SCOPE = re.compile(r"[!#-\[\]-~]+")
_LONGEST = 2048
_RESOURCE = "/.well-known/oauth-protected-resource"
_OAUTH = "/.well-known/oauth-authorization-server"
_OPENID = "/.well-known/openid-configuration"
_PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@dataclass(frozen=True, kw_only=True)
class Authority:
    """An authorization server; what it does not offer is None or empty."""

    issuer: str
    token_endpoint: str
    authorization_endpoint: str | None = None
    registration_endpoint: str | None = None
    revocation_endpoint: str | None = None
    scopes: tuple[str, ...] = ()
    auth_methods: tuple[str, ...] | None = None
    takes_documents: bool = False
    """Whether a client may be named by the address of its document."""
    says_issuer: bool = False
    """Whether it names itself when it sends somebody back (RFC 9207)."""
    protects_codes: bool = True
    """Whether nobody else can use a code that it sends somebody back with (PKCE, S256)."""

    def sign_in_address(self) -> str:
        """Where people sign in. Raises Unavailable where none can, or not safely."""
        if self.authorization_endpoint is None:
            raise Unavailable(
                f"{host_of(self.issuer)} does not say where to sign in. Ask whoever runs it."
            )
        if not self.authorization_endpoint.isascii():
            raise Unavailable(
                f"{host_of(self.issuer)} names a page for signing in that may not be the one it "
                "looks like. Do not trust it; ask whoever runs it."
            )
        if not self.protects_codes:
            raise Unavailable(
                f"{host_of(self.issuer)} does not protect sign-ins against theft (PKCE with S256), "
                "which is required. Ask whoever runs it."
            )
        return self.authorization_endpoint


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where to sign in, for which resource, and which scopes the server asks for."""

    authority: Authority
    resource: str | None
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Challenge:
    """What a server says when it refuses a request that names nobody (RFC 6750, 9728)."""

    metadata: str | None = None
    scopes: tuple[str, ...] = ()
    error: str = ""


def read_challenge(headers: Mapping[str, str]) -> Challenge:
    """The challenge in an answer; an empty one where there is none."""
    said = headers.get("www-authenticate", "")[:8192]
    if "bearer" not in said.lower():
        return Challenge()
    return Challenge(
        metadata=_parameter(said, "resource_metadata"),
        scopes=read_scopes(_parameter(said, "scope")),
        error=_parameter(said, "error") or "",
    )


def _parameter(said: str, name: str) -> str | None:
    found = re.search(rf'(?:^|[\s,]){name}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', said, re.I)
    return None if found is None else (found[1] or found[2] or None)


def read_scopes(said: object) -> tuple[str, ...]:
    """Scopes as they are written (RFC 6749, 3.3), with spaces between or as a list, each once."""
    words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    fit = [word for word in words if isinstance(word, str) and _SCOPE.fullmatch(word)]
    return tuple(dict.fromkeys(word[:200] for word in fit))[:MOST_SCOPES]


async def discover(wire: Wire, server_url: str) -> Found:
    """Where to sign in to a server. Raises Unavailable with what is in the way."""
    challenge = await _challenge(wire, server_url)
    metadata = await _read_resource(wire, server_url, challenge.metadata)
    if metadata is None:
        return Found(
            authority=await _old_authority(wire, server_url),
            resource=_canonical(server_url),
            scopes=challenge.scopes,
        )
    issuers = metadata.get("authorization_servers")
    issuer = _text(issuers[0]) if isinstance(issuers, list) and issuers else None
    if issuer is None:
        raise Unavailable("It does not say where to sign in. Ask whoever runs it.")
    authority = await _find_authority(wire, issuer, _candidates(issuer))
    if authority is None:
        raise Unavailable(
            f"It has its sign-in at {host_of(issuer)}, which does not say how it is done. Ask "
            "whoever runs it."
        )
    return Found(
        authority=authority,
        resource=_text(metadata.get("resource")),
        scopes=challenge.scopes or read_scopes(metadata.get("scopes_supported")),
    )


async def _challenge(wire: Wire, server_url: str) -> Challenge:
    """Ask as nobody, to be told what is wanted; nothing, where that is answered otherwise."""
    accept = {"accept": "application/json, text/event-stream"}
    try:
        answer = await wire.post_json(server_url, _PING, accept)
    except Unavailable:
        return Challenge()
    return read_challenge(answer.headers) if answer.status in (401, 403) else Challenge()


async def _read_resource(wire: Wire, server_url: str, named: str | None) -> JSON | None:
    parts = urlsplit(server_url)
    path = parts.path.rstrip("/")
    candidates = [named] if named else []
    candidates += [_at(server_url, _RESOURCE + path)] if path else []
    failed = 0
    for url in [*candidates, _at(server_url, _RESOURCE)]:
        answer = await wire.get(url)
        content = read_json(answer)
        if answer.status != 200 or _text(content.get("resource")) is None:
            failed = failed or (answer.status if answer.status >= 500 else 0)
            continue
        if not _covers(str(content["resource"]), server_url):
            raise Unavailable(
                "It names another server as the one to sign in to. Do not trust it; ask whoever "
                "runs it."
            )
        return content
    if failed:
        raise Unavailable(f"It cannot say where to sign in just now (HTTP {failed}). Try later.")
    return None


def _covers(resource: str, server_url: str) -> bool:
    """Whether a resource is this server, or the place above it on the same host (RFC 8707)."""
    theirs, ours = urlsplit(_canonical(resource)), urlsplit(_canonical(server_url))
    if (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc):
        return False
    return f"{ours.path.rstrip('/')}/".startswith(f"{theirs.path.rstrip('/')}/")


async def _old_authority(wire: Wire, server_url: str) -> Authority:
    """MCP 2025-03-26: the server's host is the authorization server."""
    issuer = _at(server_url, "")
    found = await _find_authority(wire, issuer, [issuer + _OAUTH, issuer + _OPENID], old=True)
    return found or Authority(
        issuer=issuer,
        authorization_endpoint=f"{issuer}/authorize",
        token_endpoint=f"{issuer}/token",
        registration_endpoint=f"{issuer}/register",
    )


def _candidates(issuer: str) -> list[str]:
    path = urlsplit(issuer).path.rstrip("/")
    if not path:
        return [_at(issuer, _OAUTH), _at(issuer, _OPENID)]
    return [_at(issuer, _OAUTH + path), _at(issuer, _OPENID + path), _at(issuer, path + _OPENID)]


async def _find_authority(
    wire: Wire, issuer: str, candidates: Sequence[str], *, old: bool = False
) -> Authority | None:
    for url in candidates:
        answer = await wire.get(url)
        content = read_json(answer)
        if answer.status >= 500:
            raise Unavailable(
                f"{host_of(url)} cannot say how to sign in just now (HTTP {answer.status}). Try "
                "later."
            )
        if answer.status == 200 and content:
            return _authority(wire, content, issuer, old=old)
    return None


def _authority(wire: Wire, content: JSON, issuer: str, *, old: bool) -> Authority:
    said = _text(content.get("issuer")) or ""
    if not (same_issuer(said, issuer) or (old and _same_origin(said, issuer))):
        raise Unavailable(
            f"{host_of(issuer)} says of itself that it is another. Do not trust it; ask whoever "
            "runs it."
        )
    endpoints = {
        name: wire.check(address)
        for name in _ENDPOINTS
        if (address := _text(content.get(name))) is not None
    }
    if "token_endpoint" not in endpoints:
        raise Unavailable(f"{host_of(issuer)} does not say where to sign in. Ask whoever runs it.")
    challenges = content.get("code_challenge_methods_supported")
    auth = content.get("token_endpoint_auth_methods_supported")
    return Authority(
        issuer=said,
        **endpoints,
        scopes=read_scopes(content.get("scopes_supported")),
        auth_methods=tuple(map(str, auth)) if isinstance(auth, list) else None,
        takes_documents=content.get("client_id_metadata_document_supported") is True,
        says_issuer=content.get("authorization_response_iss_parameter_supported") is True,
        protects_codes=isinstance(challenges, list) and "S256" in challenges,
    )


_ENDPOINTS = (
    "authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint",
)  # fmt: skip


def same_issuer(one: str, other: str) -> bool:
    """RFC 8414, 3.3: as strings; a host alone is the same with a slash behind it."""
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    return longer == f"{shorter}/" and urlsplit(longer).path == "/"


def _same_origin(one: str, other: str) -> bool:
    return urlsplit(one)[:2] == urlsplit(other)[:2]


def host_of(url: str) -> str:
    """The host of an address, with its port where that is not the usual one."""
    return urlsplit(url).netloc


def _at(url: str, path: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _canonical(url: str) -> str:
    """A server as a resource indicator names it: lower case, no fragment, no slash alone."""
    parts = urlsplit(url)
    path = "" if parts.path == "/" else parts.path
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), path, parts.query, ""))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST else None


def is_refused(answer: Answer) -> bool:
    """Whether the other side understood, and said no."""
    return 400 <= answer.status < 500 and answer.status != 429
