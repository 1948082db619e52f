"""Let users be disabled, and sessions be told apart and limited.

Sessions from before keep working; they are called `command line`.

Revision ID: hub_0003
"""

import sqlalchemy as sa
from alembic import op

revision = "hub_0003"
down_revision = "hub_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("users", sa.Column("disabled", sa.Boolean, nullable=False, server_default="0"))
    for name, default in (
        ("id", ""),
        ("kind", "cli"),
        ("label", "command line"),
        ("scope", "everything"),
    ):
        op.add_column(
            "sessions", sa.Column(name, sa.String, nullable=False, server_default=default)
        )
    for name in ("created", "used"):
        op.add_column("sessions", sa.Column(name, sa.Float, nullable=False, server_default="0"))
    op.execute("UPDATE sessions SET id = substr(token_hash, 1, 16)")


def downgrade() -> None:
    """Remove them."""
    for name in ("used", "created", "scope", "label", "kind", "id"):
        op.drop_column("sessions", name)
    op.drop_column("users", "disabled")
