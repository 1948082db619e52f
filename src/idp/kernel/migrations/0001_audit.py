"""Create the audit chain.

Revision ID: kernel_0001
"""

import sqlalchemy as sa
from alembic import op

revision = "kernel_0001"
down_revision = None
branch_labels = ("kernel",)
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False, index=True),
        sa.Column("action", sa.String, nullable=False, index=True),
        sa.Column("target", sa.String, nullable=False, index=True),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("audit")
