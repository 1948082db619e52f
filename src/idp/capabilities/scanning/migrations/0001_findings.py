"""Create the findings history.

Revision ID: scanning_0001
"""

import sqlalchemy as sa
from alembic import op

revision = "scanning_0001"
down_revision = None
branch_labels = ("scanning",)
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "scanning_findings",
        sa.Column("namespace", sa.String, primary_key=True),
        sa.Column("application", sa.String, primary_key=True),
        sa.Column("scanner", sa.String, primary_key=True),
        sa.Column("finding", sa.String, primary_key=True),
        sa.Column("package", sa.String, primary_key=True),
        sa.Column("version", sa.String, primary_key=True),
        sa.Column("location", sa.String, primary_key=True),
        sa.Column("severity", sa.Float),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("first_seen", sa.String, nullable=False),
        sa.Column("last_seen", sa.String, nullable=False),
        sa.Column("first_image", sa.String, nullable=False),
        sa.Column("last_image", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("scanning_findings")
