"""Keep the time stamps of what was signed.

Revision ID: signing_0002
"""

import sqlalchemy as sa
from alembic import op

revision = "signing_0002"
down_revision = "signing_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "signing_timestamps",
        sa.Column("signature", sa.LargeBinary, primary_key=True),
        sa.Column("response", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("signing_timestamps")
