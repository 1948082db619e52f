"""Create the pushes that triggers are still to be asked about.

Revision ID: hub_0004
"""

import sqlalchemy as sa
from alembic import op

revision = "hub_0004"
down_revision = "hub_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "trigger_occasions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("event", sa.Integer, nullable=False),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("repository", sa.String, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("commit", sa.String, nullable=False),
        sa.Column("pusher", sa.String, nullable=False),
        sa.Column("taken", sa.Float, nullable=False),
        sa.UniqueConstraint("event", "environment"),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("trigger_occasions")
