"""`/metrics`: the counters of this process in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web


class MetricsPage:
    """Answers to whoever may `get` the path `/metrics`, as on a cluster."""

    def answer(self, http: web.BaseRequest, parts: Sequence[str]) -> web.StreamResponse | None:
        """An answer for this path."""
        if list(parts) != ["metrics"]:
            return None
        from prometheus_client import exposition

        body = exposition.generate_latest()
        return web.Response(body=body, headers={"Content-Type": exposition.CONTENT_TYPE_LATEST})
