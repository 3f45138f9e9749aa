"""Schedules: what begins when, and how each run went."""

revision = "c3d1f0a7b622"
down_revision = "b0c2a9d4e511"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
