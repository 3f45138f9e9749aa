"""Clients, grants, codes and tokens. Codes and tokens are kept as hashes only."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Entity, closed_set


class Scope(StrEnum):
    """What somebody who comes in may do."""

    READ = "read"
    WRITE = "write"


class OAuthClient(Entity):
    """A program that has said who it is, by registering or by a document at its own address."""

    __tablename__ = "oauth_clients"
    __table_args__ = (Index(None, "used_at"),)

    client_id: Mapped[str] = mapped_column(unique=True)
    """Drawn for one that registered; the address of the document for one that has such."""
    name: Mapped[str] = mapped_column(String(100))
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(String))
    has_document: Mapped[bool]
    used_at: Mapped[datetime]
    """When it registered or was let in; of one with a document, when that was read."""


class OAuthGrant(Entity):
    """What a user allowed a program: a family of tokens, which ends as one."""

    __tablename__ = "oauth_grants"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[UUID] = mapped_column(
        ForeignKey("oauth_clients.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(100))
    """What the program called itself when it was let in."""
    host: Mapped[str]
    """Where its user was sent back to."""
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    resource: Mapped[str]
    last_used_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """It is over then, if it is not used before."""
    ended_at: Mapped[datetime | None]


class OAuthCode(Entity):
    """What a program is sent back with: good once, for a minute, for tokens of this grant."""

    __tablename__ = "oauth_codes"

    code_hash: Mapped[str] = mapped_column(unique=True)
    grant_id: Mapped[UUID] = mapped_column(
        ForeignKey("oauth_grants.id", ondelete="CASCADE"), index=True
    )
    redirect_uri: Mapped[str]
    challenge: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class TokenKind(StrEnum):
    """What a token is for."""

    ACCESS = "access"
    REFRESH = "refresh"


class OAuthToken(Entity):
    """A key of a grant: an access token opens, a refresh token is exchanged, once."""

    __tablename__ = "oauth_tokens"

    token_hash: Mapped[str] = mapped_column(unique=True)
    grant_id: Mapped[UUID] = mapped_column(
        ForeignKey("oauth_grants.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[TokenKind] = mapped_column(closed_set(TokenKind))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
