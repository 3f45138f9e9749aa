"""What every route is given: who asks, in which language, and what the process has open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.routing import APIRoute
from fastapi.security import APIKeyCookie, HTTPBearer
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import BaseRoute

from app.api.feed import Feed
from app.api.readers import Readers
from app.core.db import is_storable
from app.core.errors import Forbidden, Unauthenticated
from app.core.language import preferred_language
from app.core.resources import Resources
from app.tasks.live import Live
from app.turns.service import Turns
from app.users.permissions import Permission
from app.users.signed_in import NOT_FOR_VISITORS, SignedIn

_https_cookie = APIKeyCookie(
    name="__Host-keiko_session",
    scheme_name="session_over_https",
    description="The cookie that `POST /auth/login` sets over https.",
    auto_error=False,
)
_http_cookie = APIKeyCookie(
    name="keiko_session",
    scheme_name="session_over_http",
    description="The cookie that `POST /auth/login` sets over plain http.",
    auto_error=False,
)
_api_key = HTTPBearer(
    scheme_name="api_key",
    bearerFormat="kpa_…",
    description="A key of `POST /api/v1/api-keys`; does what its scopes and your role allow.",
    auto_error=False,
)


@dataclass(frozen=True)
class Caller:
    """Who asks, and what the web process gives to answer them."""

    signed_in: SignedIn
    language: str
    resources: Resources
    turns: Turns
    live: Live
    readers: Readers
    feed: Feed

    @property
    def user_id(self) -> UUID:
        """Whose rows this request may touch."""
        return self.signed_in.user_id

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One unit of work in the database."""
        async with self.resources.db.transaction() as session:
            yield session


def _caller(request: Request) -> Caller:
    state = request.state
    if getattr(state, "signed_in", None) is None:
        raise Unauthenticated("Nobody is signed in. Sign in with POST /auth/login first.")
    return Caller(
        signed_in=state.signed_in,
        language=preferred_language(request.headers.get("accept-language")),
        resources=state.resources,
        turns=state.turns,
        live=state.live,
        readers=state.readers,
        feed=state.feed,
    )


CallerNow = Annotated[Caller, Depends(_caller)]

_SAFE = ("GET", "HEAD")


@dataclass(frozen=True)
class Right:
    """What a route asks of its caller's role and key; a changing one may ask something else."""

    to_read: Permission
    to_write: Permission

    def __call__(self, request: Request, caller: CallerNow) -> None:
        """Raises Forbidden."""
        caller.signed_in.require(self.asked(request.method))

    def asked(self, method: str) -> Permission:
        """What a request of this method needs."""
        return self.to_read if method in _SAFE else self.to_write


def may(permission: Permission, *, to_write: Permission | None = None) -> Any:
    """Dependency of routers and routes: who asks may do this; to change things, `to_write`.

    Every route has at least one: without, the application is not built (see `app.api.router`).
    """
    return Depends(Right(permission, to_write or permission))


def _no_visitor(caller: CallerNow) -> None:
    if caller.signed_in.site is not None:
        raise Forbidden(NOT_FOR_VISITORS)


NOT_VISITORS = Depends(_no_visitor)
"""Dependency of what visitors of sites may not do, although their permissions would let them."""


def find_rights(route: BaseRoute) -> list[Right]:
    """What a route asks of its callers, by itself and by its router."""
    given = route.dependencies if isinstance(route, APIRoute) else []
    return [each.dependency for each in given if isinstance(each.dependency, Right)]


SIGNED_IN = [
    Depends(_caller),
    Security(_https_cookie),
    Security(_http_cookie),
    Security(_api_key),
]
"""Dependencies of every route that is for signed-in users; the gate reads cookies and keys."""


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("It holds characters that cannot be stored")
    return text


Storable = Annotated[str, AfterValidator(_storable)]
"""Text that Postgres can hold."""

Id = Annotated[UUID, Field(strict=False)]
"""An id in a JSON body, where it can only be text."""


class Body(BaseModel):
    """Base of every request body: nothing is guessed, nothing is ignored."""

    model_config = ConfigDict(strict=True, extra="forbid")
