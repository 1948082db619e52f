"""Create webhooks and what they delivered.

Revision ID: hub_0002
"""

import sqlalchemy as sa
from alembic import op

revision = "hub_0002"
down_revision = "hub_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "webhooks",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("webhook", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("received", sa.Float, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.UniqueConstraint("webhook", "key"),
    )


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
