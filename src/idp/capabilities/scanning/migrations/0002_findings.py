"""Findings with an identity and a state, and the scans that saw them.

The former table knew a finding by its line, so its rows cannot be told apart from what the next
scan finds; it goes, and the next scan of each application fills the new one.

Revision ID: scanning_0002
"""

import sqlalchemy as sa
from alembic import op

revision = "scanning_0002"
down_revision = "scanning_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.drop_table("scanning_findings")
    op.create_table(
        "scanning_findings",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("application", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("scanner", sa.String, nullable=False),
        sa.Column("finding", sa.String, nullable=False),
        sa.Column("aliases", sa.Text, nullable=False),
        sa.Column("package", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("location", sa.String, nullable=False),
        sa.Column("severity", sa.Float),
        sa.Column("rank", sa.Float, nullable=False),
        sa.Column("band", sa.String, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("due", sa.String, nullable=False),
        sa.Column("first_seen", sa.String, nullable=False),
        sa.Column("last_seen", sa.String, nullable=False),
        sa.Column("first_image", sa.String, nullable=False),
        sa.Column("last_image", sa.String, nullable=False),
        sa.Column("last_scan", sa.String, nullable=False),
        sa.Column("fixed_at", sa.String, nullable=False),
        sa.Column("disposition", sa.String, nullable=False),
        sa.Column("excepted_until", sa.String, nullable=False),
        sa.Column("exception", sa.String, nullable=False),
        sa.Column("justification", sa.String, nullable=False),
        sa.UniqueConstraint("namespace", "application", "fingerprint"),
    )
    op.create_index(
        "scanning_findings_worst", "scanning_findings", ["fixed_at", sa.text("rank DESC"), "id"]
    )
    op.create_index(
        "scanning_findings_application",
        "scanning_findings",
        ["namespace", "application", "fixed_at", sa.text("rank DESC"), "id"],
    )
    # An advisory is asked for by any of its names.
    op.create_table(
        "scanning_finding_names",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("namespace", sa.String, primary_key=True),
        sa.Column("application", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.String(64), primary_key=True),
    )
    op.create_table(
        "scanning_scans",
        sa.Column("uid", sa.String, primary_key=True),
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("application", sa.String, nullable=False),
        sa.Column("image", sa.String, nullable=False),
        sa.Column("time", sa.String, nullable=False),
        sa.Column("added", sa.Integer, nullable=False),
        sa.Column("fixed", sa.Integer, nullable=False),
        sa.Column("critical", sa.Integer, nullable=False),
        sa.Column("high", sa.Integer, nullable=False),
        sa.Column("medium", sa.Integer, nullable=False),
        sa.Column("low", sa.Integer, nullable=False),
        sa.Column("unscored", sa.Integer, nullable=False),
        sa.Column("incomplete", sa.String, nullable=False),
    )
    op.create_index(
        "scanning_scans_application", "scanning_scans", ["namespace", "application", "time"]
    )


def downgrade() -> None:
    """Remove the tables; the former one comes back empty."""
    op.drop_table("scanning_scans")
    op.drop_table("scanning_finding_names")
    op.drop_table("scanning_findings")
    op.create_table(
        "scanning_findings",
        *(
            sa.Column(name, sa.String, primary_key=True)
            for name in (
                "namespace",
                "application",
                "scanner",
                "finding",
                "package",
                "version",
                "location",
            )
        ),
        sa.Column("severity", sa.Float),
        sa.Column("summary", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("first_seen", "last_seen", "first_image", "last_image")
        ),
    )
