"""Opens the history of an instance in the data folder, to read it."""

from __future__ import annotations

import sqlalchemy as sa

from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import require_settings
from idp.kernel.audit import AuditLog
from idp.kernel.errors import NotFound


def open_audit(layout: Layout, environment: str) -> AuditLog:
    """Open the audit read-only; raises as `open_history`."""
    return AuditLog(open_history(layout, environment))


def open_history(layout: Layout, environment: str) -> sa.Engine:
    """Open an instance's history read-only; the instance may be running.

    Raises:
        NotFound: There is no such environment, or it never ran.
    """
    environments = require_settings(layout).instances
    path = layout.instance(environment).history
    if environment not in environments or not path.exists():
        raise NotFound(
            f"there is no history of {environment!r}",
            remedy=f"The environments are {', '.join(environments)}.",
        )
    return sa.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
