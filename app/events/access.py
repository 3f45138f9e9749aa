"""What can happen to accounts and to who may come in; see `app.events.types`."""

from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from app.events.event import Event


@dataclass(frozen=True, kw_only=True)
class UserSignedIn(Event):
    """A session began; `amr` is how its owner proved who they are (RFC 8176)."""

    event_type = "user.signed_in"
    source = "users"

    session_id: UUID
    amr: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class SessionEnded(Event):
    """A browser was signed out."""

    event_type = "session.ended"
    source = "users"

    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class ConnectedAppChanged(Event):
    """A user let a program of others in (`connected`), or it may come in no more, and why."""

    event_type = "connected_app.changed"
    source = "oauth"

    name: str
    change: str


@dataclass(frozen=True, kw_only=True)
class UserCreated(Event):
    """An account was made."""

    event_type = "user.created"
    source = "users"

    username: str
    role: str


@dataclass(frozen=True, kw_only=True)
class GroupChanged(Event):
    """A group of users was `created`, `renamed`, `removed`, or has other `members`."""

    event_type = "group.changed"
    source = "users"

    group_id: UUID
    name: str
    change: str


@dataclass(frozen=True, kw_only=True)
class SiteCreated(Event):
    """From now on a site may show Keiko in a frame."""

    event_type = "site.created"
    source = "sites"

    site_id: UUID
    name: str


@dataclass(frozen=True, kw_only=True)
class SiteChanged(Event):
    """Something about a site is different; `fields` are names only, `secret` among them."""

    event_type = "site.changed"
    source = "sites"

    site_id: UUID
    name: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class SiteRevoked(Event):
    """A site shows Keiko no more; its visitors were signed out."""

    event_type = "site.revoked"
    source = "sites"

    site_id: UUID
    name: str


@dataclass(frozen=True, kw_only=True)
class UserChanged(Event):
    """An account has another `role`, was `disabled`, `enabled`, or its `sessions_ended`.

    Or somebody was `invited` to have this role, by `user_id`. `provider` is whose groups give
    the role.
    """

    event_type = "user.changed"
    source = "users"

    change: str
    role: str
    username: str | None = None
    before: str | None = None
    provider: str | None = None


@dataclass(frozen=True, kw_only=True)
class ApiKeyChanged(Event):
    """A key of a user was `created`, `first_used` or `revoked`; never with its text."""

    event_type = "api_key.changed"
    source = "users"

    key_id: UUID
    name: str
    scopes: list[str]
    change: str


@dataclass(frozen=True, kw_only=True)
class AccessRefused(Event):
    """Somebody was refused: `forbidden`, `not_found`, `unknown_key`, `foreign_origin`, `too_many`.

    `what` is what was asked for (`GET /api/v1/users/{user_id}`), never with its values.
    `times` sums up what one and the same asked for within a minute.
    """

    event_type = "access.refused"
    source = "access"

    reason: str
    what: str
    permission: str | None = None
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class OthersDataSeen(Event):
    """Somebody with the right to do so looked at what is another user's (`user_id`), or at all."""

    event_type = "access.seen"
    source = "access"

    what: str


@dataclass(frozen=True, kw_only=True)
class RecordExported(Event):
    """Somebody took entries of the record elsewhere, in this format."""

    event_type = "audit.exported"
    source = "audit"

    format: str


@dataclass(frozen=True, kw_only=True)
class ToolRuleChanged(Event):
    """A user decided beforehand about tools (`added`), or takes that back (`removed`)."""

    event_type = "tool_rule.changed"
    source = "mcp"

    change: str
    pattern: str
    decision: str


@dataclass(frozen=True, kw_only=True)
class SettingsChanged(Event):
    """Keiko starts with other settings than the last time: `fields` names them.

    `fingerprints` are keyed hashes (key `key_id`) of all values, for the next start to compare.
    """

    event_type = "settings.changed"
    source = "settings"

    fields: list[str]
    fingerprints: dict[str, str]
    key_id: str


@dataclass(frozen=True, kw_only=True)
class KeysChanged(Event):
    """Another key seals from now on (`begun`), or nothing is sealed with one any more (`retired`).

    `key_id` is its name, which says nothing about it.
    """

    event_type = "settings.keys_changed"
    source = "settings"

    key_id: str
    change: str


@dataclass(frozen=True, kw_only=True)
class SignInFailed(Event):
    """Nobody came in. `account` is `account_hash` of the name that was given.

    `way` is how it was tried (`pwd`, `otp`, `rec`, `hwk`, `fed`), `reason` why it failed. Who is
    signed in already and proves it anew in vain is meant too.
    """

    event_type = "user.sign_in_failed"
    source = "users"

    way: str
    reason: str
    account: str | None = None
    provider: str | None = None


def account_hash(name: str) -> str:
    """A name that may be nobody's, or a password typed in the wrong field: only its hash."""
    return sha256(b"keiko account\0" + name.strip().lower().encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class IdentityChanged(Event):
    """An account at a provider was `linked` to an account here, or `unlinked`."""

    event_type = "user.identity_changed"
    source = "users"

    provider: str
    change: str


@dataclass(frozen=True, kw_only=True)
class CredentialChanged(Event):
    """What a user signs in with was `added`, `removed`, `changed`, `used` or `reset`.

    `credential` is `password`, `app`, `passkey`, `recovery_codes` or, for all, `second_factor`.
    """

    event_type = "user.credential_changed"
    source = "users"

    credential: str
    change: str
