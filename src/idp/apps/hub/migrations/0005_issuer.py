"""Tell users whom an OpenID Connect issuer vouches for from those with a password here.

Revision ID: hub_0005
"""

import sqlalchemy as sa
from alembic import op

revision = "hub_0005"
down_revision = "hub_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: empty for users with a password."""
    op.add_column("users", sa.Column("issuer", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("users", "issuer")
