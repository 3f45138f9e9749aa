"""Programs that want in: registered by themselves, or known by a document at their address.

Both are only what a program says of itself. They are bounded in number and forgotten when unused.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.core.db import is_storable
from app.core.errors import Invalid, NotFound, Unavailable
from app.core.outbound import Outbound, check_url, open_outbound
from app.core.resources import Resources
from app.oauth.models import OAuthClient, OAuthGrant
from app.oauth.redirects import MOST, host_of, is_usable
from app.oauth.refusals import OAuthRefusal

MOST_UNUSED = 1000
"""Clients that nobody has let in; of more, the oldest are forgotten."""

KEEP_UNUSED = timedelta(days=1)
"""How long a client may wait to be let in."""

KEEP_DOCUMENT = timedelta(hours=1)
"""How long a document is believed before it is read again."""

LONGEST_NAME = 100

UNKNOWN = "This program is not known here (any more). Have it connect to Keiko anew."
_UNREADABLE = "The document of this program is not one that says who it is; its maker must mend it."


@dataclass(frozen=True, kw_only=True)
class NewClient:
    """What a program says of itself."""

    name: str
    redirect_uris: Sequence[str]


def read_metadata(said: object) -> NewClient:
    """What a program says of itself as JSON (RFC 7591, 2). Raises `OAuthRefusal`."""
    if not isinstance(said, dict):
        raise OAuthRefusal("invalid_client_metadata", "The metadata must be a JSON object.")
    uris = said.get("redirect_uris")
    if not isinstance(uris, list) or not 1 <= len(uris) <= MOST:
        raise OAuthRefusal("invalid_redirect_uri", f"Name 1 to {MOST} redirect_uris.")
    for uri in uris:
        if not isinstance(uri, str) or not is_usable(uri):
            raise OAuthRefusal(
                "invalid_redirect_uri",
                "A redirect URI is https, http on 127.0.0.1, ::1 or localhost, or of a scheme of"
                " the app's own; it has no fragment and no user name.",
            )
    for name, needed in (("grant_types", "authorization_code"), ("response_types", "code")):
        wanted = said.get(name)
        if wanted is not None and (not isinstance(wanted, list) or needed not in wanted):
            raise OAuthRefusal("invalid_client_metadata", f"{name} must name {needed}.")
    return NewClient(name=_name(said.get("client_name"), uris[0]), redirect_uris=tuple(uris))


def _name(said: object, uri: str) -> str:
    text = " ".join(said.split()) if isinstance(said, str) else ""
    if not is_storable(text) or not text.isprintable():
        raise OAuthRefusal("invalid_client_metadata", "client_name holds unusable characters.")
    return text[:LONGEST_NAME] or host_of(uri)[:LONGEST_NAME]


async def register_client(session: AsyncSession, new: NewClient) -> OAuthClient:
    """Keep what a program says of itself, under an id of its own."""
    await remove_unused_clients(session)
    client = OAuthClient(
        client_id=secrets.token_urlsafe(16),
        name=new.name,
        redirect_uris=list(new.redirect_uris),
        has_document=False,
        used_at=now(),
    )
    session.add(client)
    await session.flush()
    return client


async def load_client(resources: Resources, client_id: str) -> OAuthClient:
    """The program of this id. NotFound if there is none, Invalid or Unavailable for a document."""
    async with resources.db.transaction() as session:
        client = await find_client(session, client_id)
    if not is_document(client_id):
        if client is None:
            raise NotFound(UNKNOWN)
        return client
    if client is not None and client.used_at > now() - KEEP_DOCUMENT:
        return client
    async with open_outbound(resources.settings) as outbound:
        new = await _read_document(outbound, client_id, resources.settings.outbound_private)
    async with resources.db.transaction() as session:
        return await _keep_document(session, client_id, new)


async def find_client(session: AsyncSession, client_id: str) -> OAuthClient | None:
    """The program of this id, as it is kept."""
    if not is_storable(client_id):
        return None
    found: OAuthClient | None = await session.scalar(
        select(OAuthClient).where(OAuthClient.client_id == client_id)
    )
    return found


def is_document(client_id: str) -> bool:
    """Whether the id is the address of a document."""
    return client_id.startswith(("https://", "http://"))


async def _read_document(outbound: Outbound, url: str, allowed: Sequence[str]) -> NewClient:
    """What a program says of itself at its address (draft: OAuth client id metadata documents)."""
    parts = urlsplit(check_url(url, allowed=allowed))
    inside = parts.hostname in allowed
    plain = url.isascii() and not parts.fragment and bool(parts.path.strip("/"))
    if (parts.scheme != "https" and not inside) or not plain:
        raise Invalid("The address of a program's document is https, with a path.", field="url")
    answer = await outbound.get(url, headers={"Accept": "application/json"}, timeout=10)
    if answer.status != 200:
        raise Unavailable(
            f"The document of this program cannot be read (status {answer.status}). Try it later."
        )
    try:
        said = orjson.loads(answer.body)
        if not isinstance(said, dict) or said.get("client_id") != url:
            raise Invalid(_UNREADABLE)
        return read_metadata(said)
    except (ValueError, OAuthRefusal) as error:
        raise Invalid(_UNREADABLE) from error


async def _keep_document(session: AsyncSession, client_id: str, new: NewClient) -> OAuthClient:
    await remove_unused_clients(session)
    told = {"name": new.name, "redirect_uris": list(new.redirect_uris), "used_at": now()}
    values = {"id": new_id(), "created_at": now(), "client_id": client_id, "has_document": True}
    client: OAuthClient = (
        await session.scalars(
            insert(OAuthClient)
            .values(values | told)
            .on_conflict_do_update(index_elements=[OAuthClient.client_id], set_=told)
            .returning(OAuthClient),
            execution_options={"populate_existing": True},
        )
    ).one()
    return client


async def remove_unused_clients(session: AsyncSession) -> None:
    """Forget programs that nobody has let in: old ones, and the oldest of too many."""
    unused = ~select(OAuthGrant.id).where(OAuthGrant.client_id == OAuthClient.id).exists()
    await session.execute(
        delete(OAuthClient).where(unused, OAuthClient.used_at < now() - KEEP_UNUSED)
    )
    count = await session.scalar(select(func.count()).select_from(OAuthClient).where(unused))
    if (count or 0) < MOST_UNUSED:
        return
    oldest = (
        select(OAuthClient.id)
        .where(unused)
        .order_by(OAuthClient.used_at)
        .limit((count or 0) - MOST_UNUSED + 1)
    )
    await session.execute(delete(OAuthClient).where(OAuthClient.id.in_(oldest)))
