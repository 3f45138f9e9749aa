"""How somebody signed in and when, second factors, and sign-ins that wait for one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b4c2ebf86733"
down_revision = "a3b1dae75622"
branch_labels = None
depends_on = None

_TEXTS = postgresql.ARRAY(sa.String())


def _time(name, *, nullable=False):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _entity(name, *columns):
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        _time("created_at"),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _belonging(name, *columns):
    """A table whose rows go with their user."""
    _entity(
        name,
        sa.Column("user_id", sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], ondelete="CASCADE", name=op.f(f"fk_{name}_user_id_users")
        ),
    )


def _unique(table, *columns):
    op.create_unique_constraint(op.f(f"uq_{table}_{'_'.join(columns)}"), table, list(columns))


def _index(table, column):
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("sessions", sa.Column("amr", _TEXTS, nullable=False, server_default="{}"))
    op.alter_column("sessions", "amr", server_default=None)
    op.add_column("sessions", _time("auth_time", nullable=True))
    op.execute("update sessions set auth_time = created_at")
    op.alter_column("sessions", "auth_time", nullable=False)
    _belonging(
        "pending_sign_ins",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("amr", _TEXTS, nullable=False),
        _time("expires_at"),
        _time("used_at", nullable=True),
    )
    _unique("pending_sign_ins", "token_hash")
    _index("pending_sign_ins", "user_id")
    _index("pending_sign_ins", "expires_at")
    _belonging(
        "totp_factors",
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
    )
    _unique("totp_factors", "user_id")
    _belonging(
        "passkeys",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", _TEXTS, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        _time("last_used_at", nullable=True),
    )
    _unique("passkeys", "credential_id")
    _index("passkeys", "user_id")
    _entity(
        "passkey_challenges",
        sa.Column("bound_to", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        _time("expires_at"),
    )
    _unique("passkey_challenges", "bound_to", "purpose")
    _index("passkey_challenges", "expires_at")
    _belonging(
        "recovery_codes",
        sa.Column("code_hash", sa.String(), nullable=False),
        _time("used_at", nullable=True),
    )
    _unique("recovery_codes", "code_hash")
    _index("recovery_codes", "user_id")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in (
        "recovery_codes",
        "passkey_challenges",
        "passkeys",
        "totp_factors",
        "pending_sign_ins",
    ):
        op.drop_table(table)
    op.drop_column("sessions", "auth_time")
    op.drop_column("sessions", "amr")
