"""Notifications: what was told to whom, and by which way."""

revision = "d4e2a1b8c733"
down_revision = "c3d1f0a7b622"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
