"""Webhooks and audit: what other programs are told, and what is on record."""

revision = "e5f3b2c9d844"
down_revision = "d4e2a1b8c733"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
