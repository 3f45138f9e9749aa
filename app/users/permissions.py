"""Who may do what: the one table of permissions, by role (seed: RBAC).

A permission says what may be done at all; whose things it may be done to is decided by the
queries, which have the owner in their `where`. An API key has some of the permissions that its
owner's role has at the moment of use, never more.
"""

from collections.abc import Mapping
from enum import StrEnum

from app.core.errors import Forbidden
from app.users.models import Role

READ_ONLY = "Your role lets you read, not change anything. An admin can give you another role."
NOT_ALLOWED = "Your role does not allow this. Ask an admin."


class Permission(StrEnum):
    """`resource:action`. `read` and `write` are about one's own things."""

    ME_READ = "me:read"
    """Who one is: what every key may ask."""

    ACCOUNT_WRITE = "account:write"
    """One's own account: password, second factor, sessions, keys, programs that may come in."""

    AGENTS_READ = "agents:read"
    CHATS_READ = "chats:read"
    CHATS_WRITE = "chats:write"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    """Start tasks and steer them (seed: tasks:create)."""

    QUESTIONS_ANSWER = "questions:answer"
    FILES_READ = "files:read"
    SCHEDULES_READ = "schedules:read"
    SCHEDULES_WRITE = "schedules:write"
    MEMORIES_READ = "memories:read"
    MEMORIES_WRITE = "memories:write"
    EVENTS_READ = "events:read"
    NOTIFICATIONS_READ = "notifications:read"
    NOTIFICATIONS_WRITE = "notifications:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    SERVERS_READ = "servers:read"
    SERVERS_WRITE = "servers:write"
    SERVERS_OPERATE = "servers:operate"
    """Look after shared servers of tools: switch on and off, try, read the log."""

    SERVERS_SHARE = "servers:share"
    """Register and change servers of tools that serve others too."""

    METRICS_READ = "metrics:read"
    """Numbers of all users together."""

    SITES_READ = "sites:read"
    SITES_WRITE = "sites:write"
    """Which sites show Keiko in a frame, and what their visitors may do there."""

    GROUPS_READ = "groups:read"
    GROUPS_WRITE = "groups:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    AUDIT_READ = "audit:read"


P = Permission

_VIEWER = {
    P.ME_READ, P.ACCOUNT_WRITE, P.AGENTS_READ, P.CHATS_READ, P.TASKS_READ, P.FILES_READ,
    P.SCHEDULES_READ, P.MEMORIES_READ, P.EVENTS_READ, P.NOTIFICATIONS_READ, P.NOTIFICATIONS_WRITE,
    P.WEBHOOKS_READ, P.SERVERS_READ, P.METRICS_READ,
}  # fmt: skip
_USER = _VIEWER - {P.METRICS_READ} | {
    P.CHATS_WRITE, P.TASKS_WRITE, P.QUESTIONS_ANSWER, P.SCHEDULES_WRITE, P.MEMORIES_WRITE,
    P.WEBHOOKS_WRITE, P.SERVERS_WRITE,
}  # fmt: skip
_OPERATOR = _USER | {P.METRICS_READ, P.SERVERS_OPERATE}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.OPERATOR: frozenset(_OPERATOR),
    Role.USER: frozenset(_USER),
    Role.VIEWER: frozenset(_VIEWER),
}

WIDGET_SCOPES = frozenset({
    P.ME_READ, P.CHATS_READ, P.CHATS_WRITE, P.TASKS_READ, P.TASKS_WRITE, P.QUESTIONS_ANSWER,
    P.FILES_READ, P.EVENTS_READ, P.NOTIFICATIONS_READ, P.NOTIFICATIONS_WRITE,
})  # fmt: skip
"""What a visitor of a site may do, whatever else users may."""

SIGNED_IN_ONLY = frozenset({P.ACCOUNT_WRITE, P.GROUPS_WRITE, P.USERS_WRITE})
"""What takes a person at a browser: no key has it, or a key could make itself another."""


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """The roles that have this permission."""
    return tuple(role for role, has in ROLE_PERMISSIONS.items() if permission in has)


def require(role: Role, permission: Permission) -> None:
    """Raises Forbidden unless this role has the permission."""
    if permission in ROLE_PERMISSIONS[role]:
        return
    raise Forbidden(READ_ONLY if role is Role.VIEWER else NOT_ALLOWED)
