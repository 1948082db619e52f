"""Create the transparency log.

Revision ID: signing_0001
"""

import sqlalchemy as sa
from alembic import op

revision = "signing_0001"
down_revision = None
branch_labels = ("signing",)
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "signing_log",
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("signing_log")
