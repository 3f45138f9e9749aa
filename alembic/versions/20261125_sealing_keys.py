"""The database knows the names of the keys that it is sealed with, and how far it is sealed."""

import sqlalchemy as sa
from alembic import op

revision = "e9a41c7d5f30"
down_revision = "d8f30b6c4e29"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "sealing_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealing_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_sealing_keys_key_id")),
    )
    op.create_table(
        "sealing_progress",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("stuck", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sealing_progress")),
    )


def downgrade() -> None:
    op.drop_table("sealing_progress")
    op.drop_table("sealing_keys")
