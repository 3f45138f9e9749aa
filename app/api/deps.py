"""What every route is given: who asks, in which language, and what the process has open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.feed import Feed
from app.api.readers import Readers
from app.core.db import is_storable
from app.core.errors import Forbidden, Unauthenticated
from app.core.language import preferred_language
from app.core.resources import Resources
from app.tasks.live import Live
from app.turns.service import Turns
from app.users.models import Role
from app.users.sessions import SignedIn

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


def _administrator(caller: CallerNow) -> Caller:
    if caller.signed_in.role is not Role.ADMIN:
        raise Forbidden("Only an administrator may see this.")
    return caller


AdministratorNow = Annotated[Caller, Depends(_administrator)]
"""Who asks, where a route is about all users together."""

SIGNED_IN = [Depends(_caller), Security(_https_cookie), Security(_http_cookie)]
"""Dependencies of every route that is for signed-in users; the cookies are read by the gate."""


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
