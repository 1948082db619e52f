"""The tables of the history. Texts instead of NULL, so that every column compares."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

findings = sa.Table(
    "scanning_findings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    *(
        sa.Column(name, sa.String)
        for name in (
            "namespace",
            "application",
            "fingerprint",
            "scanner",
            "finding",
            "aliases",
            "package",
            "version",
            "location",
        )
    ),
    sa.Column("severity", sa.Float),
    sa.Column("rank", sa.Float),
    *(
        sa.Column(name, sa.String)
        for name in (
            "band",
            "summary",
            "owner",
            "due",
            "first_seen",
            "last_seen",
            "first_image",
            "last_image",
            "last_scan",
            "fixed_at",
            "disposition",
            "excepted_until",
            "exception",
            "justification",
        )
    ),
)

names = sa.Table(
    "scanning_finding_names",
    metadata,
    *(sa.Column(n, sa.String) for n in ("name", "namespace", "application", "fingerprint")),
)

scans = sa.Table(
    "scanning_scans",
    metadata,
    *(sa.Column(n, sa.String) for n in ("uid", "namespace", "application", "image", "time")),
    *(
        sa.Column(n, sa.Integer)
        for n in ("added", "fixed", "critical", "high", "medium", "low", "unscored")
    ),
    sa.Column("incomplete", sa.String),
)
