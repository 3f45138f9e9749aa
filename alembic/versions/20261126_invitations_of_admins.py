"""Links of an admin's are good as long as they may invite."""

import sqlalchemy as sa
from alembic import op

revision = "f2c86d1b7a94"
down_revision = "f4b81c06d9e3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("invitations", sa.Column("invited_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_invitations_invited_by_users"),
        "invitations",
        "users",
        ["invited_by"],
        ["id"],
        ondelete="CASCADE",
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("invitations", "invited_by")
