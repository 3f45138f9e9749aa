"""Who Keiko is at an authorization server: as registered by hand, by its document, or by itself.

MCP 2025-11-25: a client that was registered beforehand comes first, then the address of a client
metadata document, then dynamic registration (RFC 7591).
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel

from app.core.clock import now
from app.core.db import JSON
from app.core.errors import Unavailable
from app.core.settings import Settings
from app.mcp.oauth.discovery import Authority, host_of, read_scopes
from app.mcp.oauth.wire import Wire, read_json

CALLBACK = "/oauth/mcp/callback"
"""Where authorization servers send people back to."""

DOCUMENT = "/oauth/mcp/client.json"
"""Where Keiko says who it is."""

Method = Literal["none", "client_secret_basic", "client_secret_post"]


class Client(BaseModel):
    """Keiko as one authorization server knows it. Holds a secret: never logged."""

    id: str
    secret: str | None = None
    method: Method = "none"
    scopes: list[str] = []
    """What it was registered with; empty where that does not matter."""
    expires_at: int | None = None
    is_given: bool = False
    """Whether it was registered by hand, or has a document: never to be registered anew."""

    def signed(self, fields: Mapping[str, str]) -> tuple[JSON, dict[str, str]]:
        """Fields and headers of a request to the token endpoint (RFC 6749, 2.3.1)."""
        form = {**fields}
        if self.secret is None or self.method == "none":
            return {**form, "client_id": self.id}, {}
        if self.method == "client_secret_post":
            return {**form, "client_id": self.id, "client_secret": self.secret}, {}
        pair = f"{quote(self.id, safe='')}:{quote(self.secret, safe='')}"
        return form, {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def may_ask(self, scopes: Sequence[str]) -> bool:
        """Whether it can be used to ask for these, and is not over."""
        over = self.expires_at is not None and self.expires_at <= now().timestamp()
        return not over and (not self.scopes or set(scopes) <= set(self.scopes))


def describe(public_url: str) -> JSON:
    """Keiko's client metadata document; only an https address can be one."""
    root = public_url.rstrip("/")
    return {
        "client_id": root + DOCUMENT,
        "client_name": "Keiko",
        "client_uri": root + "/",
        "redirect_uris": [root + CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


def find_document(settings: Settings) -> str | None:
    """The address of that document, where others can read it."""
    root = (settings.public_url or "").rstrip("/")
    return root + DOCUMENT if root.startswith("https://") else None


def callback_of(settings: Settings, reached_at: str) -> str:
    """Where people are sent back to: the public address, else the one that Keiko is reached at."""
    parts = urlsplit(settings.public_url or reached_at)
    return f"{parts.scheme}://{parts.netloc}{CALLBACK}"


async def find_client(
    wire: Wire,
    settings: Settings,
    authority: Authority,
    *,
    given: Mapping[str, str],
    redirect_uri: str,
    scopes: Sequence[str],
) -> Client:
    """Who Keiko is there; `given` is what was registered by hand: `client_id`, `client_secret`.

    Raises Unavailable where the authorization server knows Keiko in no way.
    """
    if given.get("client_id"):
        return given_client(authority, given)
    document = find_document(settings)
    if authority.takes_documents and document is not None:
        return Client(id=document, is_given=True)
    if authority.registration_endpoint is None:
        raise Unavailable(
            f"{host_of(authority.issuer)} does not know Keiko. Register Keiko there by hand with "
            f"the redirect address {redirect_uri}, and enter client id and secret here."
        )
    return await _register(wire, authority, redirect_uri, scopes)


def given_client(authority: Authority, given: Mapping[str, str]) -> Client:
    """The client that was registered by hand."""
    secret = given.get("client_secret") or None
    return Client(
        id=given["client_id"],
        secret=secret,
        method=_method(authority) if secret else "none",
        is_given=True,
    )


def _method(authority: Authority) -> Method:
    offered = authority.auth_methods
    if offered is None or "client_secret_basic" in offered:
        return "client_secret_basic"
    return "client_secret_post" if "client_secret_post" in offered else "none"


async def _register(
    wire: Wire, authority: Authority, redirect_uri: str, scopes: Sequence[str]
) -> Client:
    wanted: JSON = {
        "client_name": "Keiko",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
    if authority.auth_methods is not None:
        offered = authority.auth_methods
        wanted["token_endpoint_auth_method"] = "none" if "none" in offered else _method(authority)
    if scopes:
        wanted["scope"] = " ".join(scopes)
    answer = await wire.post_json(authority.registration_endpoint or "", wanted)
    content = read_json(answer)
    id = content.get("client_id")
    if answer.status not in (200, 201) or not isinstance(id, str) or not id:
        raise Unavailable(
            f"{host_of(authority.issuer)} did not let Keiko register itself (HTTP "
            f"{answer.status}). Register Keiko there by hand with the redirect address "
            f"{redirect_uri}, and enter client id and secret here."
        )
    secret = content.get("client_secret")
    secret = secret if isinstance(secret, str) and secret else None
    said = content.get("token_endpoint_auth_method")
    known = {"none", "client_secret_basic", "client_secret_post"}
    usual = wanted.get("token_endpoint_auth_method") or (
        "client_secret_basic" if secret else "none"
    )
    over = content.get("client_secret_expires_at")
    return Client(
        id=id,
        secret=secret,
        method=said if said in known else usual,
        scopes=list(read_scopes(content.get("scope")) or scopes),
        expires_at=over if isinstance(over, int) and over > 0 else None,
    )
