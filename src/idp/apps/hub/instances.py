"""Connections from the hub to the instances. The hub acts for a user only, by impersonation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy

from idp.apps.platform.layout import Layout
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.errors import NotFound, Unavailable
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig


class Instances:
    """One connection per instance, opened when it is first needed."""

    def __init__(self, layout: Layout, environments: Sequence[str]) -> None:
        self.environments = tuple(environments)
        self._layout = layout
        self._clients: dict[str, tuple[float, HttpClient]] = {}
        self._retired: list[HttpClient] = []

    def connection(self, environment: str) -> HttpClient:
        """The hub's own connection: it may impersonate and nothing else.

        Raises:
            NotFound: There is no such environment.
            Unavailable: The instance was never started.
        """
        if environment not in self.environments:
            raise NotFound(
                f"there is no environment {environment!r}",
                remedy=f"The environments are {', '.join(self.environments)}.",
            )
        kubeconfig = self._layout.instance(environment).hub_kubeconfig
        written = _modified(kubeconfig)
        if written is None:
            raise Unavailable(
                f"the {environment} instance is not ready yet",
                remedy="`idp-cli status` shows how far it is.",
            )
        known = self._clients.get(environment)
        if known is not None and known[0] == written:
            return known[1]
        if known is not None:
            self._retired.append(known[1])
        client = HttpClient(settings_from_kubeconfig(kubeconfig))
        self._clients[environment] = (written, client)
        return client

    def client(self, environment: str, principal: Principal) -> Client:
        """The instance's API with the rights of `principal`."""
        groups = (*principal.groups, "system:authenticated")
        return self.connection(environment).impersonating(principal.name, groups)

    def history(self, environment: str) -> sqlalchemy.Engine:
        """The history of an instance, read-only; the instance may be running.

        Raises:
            NotFound: There is no such environment.
            Unavailable: The instance was never started.
        """
        self.connection(environment)
        path = self._layout.instance(environment).history
        return sqlalchemy.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")

    async def close(self) -> None:
        """Close all connections."""
        for client in [*self._retired, *(client for _, client in self._clients.values())]:
            await client.close()


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
