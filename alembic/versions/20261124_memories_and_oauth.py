"""What Keiko remembers, and the programs of others that users let in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c9d7f6e31288"
down_revision = "b8c6e5f20177"
branch_labels = None
depends_on = None


def _entity(name, *columns):
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _belongs(table, column, to):
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], ondelete="CASCADE", name=op.f(f"fk_{table}_{column}_{to}")
    )


def _time(name, *, nullable=False):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _entity(
        "memories",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(2000), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("source_name", sa.String(), nullable=False),
        _time("changed_at"),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('german', text) || to_tsvector('english', text)"
                " || to_tsvector('simple', text)",
                persisted=True,
            ),
            nullable=False,
        ),
        _belongs("memories", "user_id", "users"),
    )
    op.create_index(
        op.f("ix_memories_user_id_created_at_id"), "memories", ["user_id", "created_at", "id"]
    )
    op.create_index("ix_memories_search", "memories", ["search"], postgresql_using="gin")
    _entity(
        "oauth_clients",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("redirect_uris", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("has_document", sa.Boolean(), nullable=False),
        _time("used_at"),
        sa.UniqueConstraint("client_id", name=op.f("uq_oauth_clients_client_id")),
    )
    op.create_index(op.f("ix_oauth_clients_used_at"), "oauth_clients", ["used_at"])
    _entity(
        "oauth_grants",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        _time("last_used_at"),
        _time("ends_at"),
        _time("ended_at", nullable=True),
        _belongs("oauth_grants", "user_id", "users"),
        _belongs("oauth_grants", "client_id", "oauth_clients"),
    )
    op.create_index(op.f("ix_oauth_grants_user_id"), "oauth_grants", ["user_id"])
    op.create_index(op.f("ix_oauth_grants_client_id"), "oauth_grants", ["client_id"])
    _entity(
        "oauth_codes",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("redirect_uri", sa.String(), nullable=False),
        sa.Column("challenge", sa.String(), nullable=False),
        _time("expires_at"),
        _time("used_at", nullable=True),
        _belongs("oauth_codes", "grant_id", "oauth_grants"),
        sa.UniqueConstraint("code_hash", name=op.f("uq_oauth_codes_code_hash")),
    )
    op.create_index(op.f("ix_oauth_codes_grant_id"), "oauth_codes", ["grant_id"])
    _entity(
        "oauth_tokens",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        _time("expires_at"),
        _time("used_at", nullable=True),
        _belongs("oauth_tokens", "grant_id", "oauth_grants"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_oauth_tokens_token_hash")),
    )
    op.create_index(op.f("ix_oauth_tokens_grant_id"), "oauth_tokens", ["grant_id"])


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in ("oauth_tokens", "oauth_codes", "oauth_grants", "oauth_clients", "memories"):
        op.drop_table(table)
