"""Create the ledger of promotions.

Revision ID: promotion_0001
"""

import sqlalchemy as sa
from alembic import op

revision = "promotion_0001"
down_revision = None
branch_labels = ("promotion",)
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "promotion_ledger",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("uid", sa.String, nullable=False, unique=True),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("application", sa.String, nullable=False),
        sa.Column("promotion", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("release", sa.String, nullable=False),
        sa.Column("release_digest", sa.String, nullable=False),
        sa.Column("image", sa.String, nullable=False),
        sa.Column("git_commit", sa.String, nullable=False),
        sa.Column("initiator", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("phase", sa.String, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("policy_version", sa.String, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("approvals", sa.Text, nullable=False),
        sa.Column("started_at", sa.String, nullable=False),
        sa.Column("finished_at", sa.String, nullable=False),
    )
    op.create_index(
        "promotion_ledger_application",
        "promotion_ledger",
        ["namespace", "application", "id"],
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("promotion_ledger")
