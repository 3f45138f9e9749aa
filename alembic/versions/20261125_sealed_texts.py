"""What people and assistants write is sealed: words are looked for by tokens, not as they are.

Nothing is sealed here: Keiko does so while it runs (`app/core/resealing.py`).
"""

from alembic import op

revision = "c5e1a90d7b12"
down_revision = "b7d94e10c2f3"
branch_labels = None
depends_on = None

SEARCHED = ("memories",)
TEXTS = (("memories", "text"),)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in SEARCHED:
        op.execute(f"alter table {table} alter column search drop expression")
        op.execute(f"alter table {table} alter column search set default ''")
    for table, column in TEXTS:
        op.execute(f'alter table {table} alter column "{column}" type text')


def downgrade() -> None:
    raise NotImplementedError("What is sealed cannot be read by an older Keiko.")
