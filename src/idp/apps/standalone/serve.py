"""Serves the API until somebody stops it.

The kubeconfig is there exactly while the server answers: whoever waits for the file waits for the
server.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from idp.apps.backup.hold import used
from idp.apps.backup.swap import settle
from idp.apps.platform.child import until_stopped
from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings

NAME = "idp-apiserver"
"""Name of cluster and context in the kubeconfig."""


async def serve(
    data: Path, port: int, ready: Callable[[str, Path], None], oidc: OidcIssuer | None = None
) -> None:
    """Serve a data folder until SIGTERM or Ctrl-C.

    Args:
        data: Folder of the objects, the certificate authority and the kubeconfig; made if missing.
        port: Port on 127.0.0.1; 0 takes a free one.
        ready: Called once, with the base address and the path of the administrator's kubeconfig.
        oidc: An outside issuer whose tokens are accepted, too.

    Raises:
        MissingPrerequisite: The port is in use; or the database is of a newer version, damaged, or
            used by another server; or the issuer's certificates cannot be read.
    """
    with used(data):  # a restore that is at work is waited for
        settle(data)
        await _serve(data, port, ready, oidc)


async def _serve(
    data: Path, port: int, ready: Callable[[str, Path], None], oidc: OidcIssuer | None
) -> None:
    server = ApiServer(ApiServerSettings(data=data, port=port, name=NAME, oidc=oidc))
    kubeconfig = data / "kubeconfig"
    # Only now: until the database is ours, the file may belong to a server that runs.
    kubeconfig.unlink(missing_ok=True)
    async with server:
        server.kubeconfig(path=kubeconfig)
        try:
            ready(server.url, kubeconfig)
            await until_stopped()
        finally:
            kubeconfig.unlink(missing_ok=True)
