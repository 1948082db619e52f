"""Log files that do not grow without bound."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from idp.embedded.gateway.admin import Admin

LOG_BYTES = 16 * 2**20
"""A log is turned over at this size; one former file is kept, so twice this is the most."""


async def cap_logs(
    folder: Path, admin: Admin, names: Iterable[str], *, limit: int = LOG_BYTES
) -> None:
    """Turn over each log that is too large.

    Envoy opens its access log anew when asked. Its own log is the standard error that it
    inherited, opened for appending: that one is copied and emptied in place.
    """
    for name in names:
        path = folder / name
        if not path.exists() or path.stat().st_size <= limit:
            continue
        former = path.with_name(f"{name}.1")
        if name.startswith("access"):
            path.rename(former)
            await admin.reopen_logs()
        else:
            former.write_bytes(path.read_bytes()[-limit:])
            with path.open("r+b") as file:
                file.truncate(0)
