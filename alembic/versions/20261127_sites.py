"""Sites that show Keiko in a frame, their visitors and their visitors' sessions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c83d5e1f7a20"
down_revision = "f4b7c21d8e60"
branch_labels = None
depends_on = None

_TEXTS = postgresql.ARRAY(sa.String())
_OBJECT = postgresql.JSONB()


def _time(name, *, nullable=False):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "sites",
        sa.Column("id", sa.Uuid(), nullable=False),
        _time("created_at"),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("origins", _TEXTS, nullable=False),
        sa.Column("allows_anonymous", sa.Boolean(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("instructions", sa.String(), nullable=True),
        sa.Column("tools", _TEXTS, nullable=False),
        sa.Column("allows_functions", sa.Boolean(), nullable=False),
        sa.Column("messages_per_visitor_day", sa.Integer(), nullable=False),
        sa.Column("messages_per_day", sa.Integer(), nullable=False),
        sa.Column("texts", _OBJECT, nullable=False),
        sa.Column("colors", _OBJECT, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        _time("updated_at"),
        _time("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("key", name=op.f("uq_sites_key")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_sites_secret_hash")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], ondelete="SET NULL", name=op.f("fk_sites_created_by")
        ),
    )
    op.create_index(
        "uq_sites_name",
        "sites",
        [sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("revoked_at is null"),
    )
    op.create_index(op.f("ix_sites_created_by"), "sites", ["created_by"])
    op.create_table(
        "site_usage",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "day", name=op.f("pk_site_usage")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], ondelete="CASCADE", name=op.f("fk_site_usage_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], ondelete="CASCADE", name=op.f("fk_site_usage_site_id")
        ),
    )
    op.create_index(op.f("ix_site_usage_site_id_day"), "site_usage", ["site_id", "day"])
    op.add_column("users", sa.Column("site_id", sa.Uuid(), nullable=True))
    op.add_column("users", sa.Column("external_id", sa.String(), nullable=True))
    op.create_foreign_key(
        op.f("fk_users_site_id"), "users", "sites", ["site_id"], ["id"], ondelete="CASCADE"
    )
    op.create_unique_constraint(
        op.f("uq_users_site_id_external_id"), "users", ["site_id", "external_id"]
    )
    op.add_column("sessions", sa.Column("host_origin", sa.String(), nullable=True))
    op.add_column(
        "sessions", sa.Column("is_full", sa.Boolean(), nullable=False, server_default="false")
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("delete from users where site_id is not null")
    op.drop_column("sessions", "is_full")
    op.drop_column("sessions", "host_origin")
    op.drop_column("users", "external_id")
    op.drop_column("users", "site_id")
    op.drop_table("site_usage")
    op.drop_table("sites")
