"""Who asks, and what they may do: what the gate finds out for each request."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.errors import Forbidden
from app.users.models import Role
from app.users.permissions import ROLE_PERMISSIONS, Permission, require
from app.users.site_models import SiteSession

NOT_FOR_VISITORS = "Visitors of a site may not do this."


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Who is at the other end: of a browser session, or with `scopes` of an API key.

    With `site`, it is the session of a visitor of that site.
    """

    user_id: UUID
    username: str
    full_name: str | None
    role: Role
    session_id: UUID
    token_hash: str
    amr: tuple[str, ...] = ()
    auth_time: datetime | None = None
    scopes: frozenset[Permission] | None = None
    """What an API key or a visitor may do; None for a browser: all that the role allows."""
    site: SiteSession | None = None

    @property
    def is_key(self) -> bool:
        """Whether it is a program with an API key."""
        return self.scopes is not None and self.site is None

    def may(self, permission: Permission) -> bool:
        """Whether role and scopes both allow it."""
        within = self.scopes is None or permission in self.scopes
        return within and permission in ROLE_PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raises Forbidden, with a sentence that says what is missing, unless it is allowed."""
        require(self.role, permission)
        if self.site is not None and not self.may(permission):
            raise Forbidden(NOT_FOR_VISITORS)
        if not self.may(permission):
            raise Forbidden(f"This API key may not do this: it has no scope “{permission}”.")
