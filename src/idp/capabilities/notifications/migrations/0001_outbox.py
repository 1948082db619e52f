"""Create the outbox of notifications.

Revision ID: notifications_0001
"""

import sqlalchemy as sa
from alembic import op

revision = "notifications_0001"
down_revision = None
branch_labels = ("notifications",)
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "notifications_outbox",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due", sa.Float, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
    op.create_index("notifications_outbox_due", "notifications_outbox", ["state", "due"])
    op.create_index(
        "notifications_outbox_channel", "notifications_outbox", ["namespace", "channel"]
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("notifications_outbox")
