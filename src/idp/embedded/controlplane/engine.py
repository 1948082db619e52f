"""etcd and kube-apiserver of one instance, together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from idp.embedded.controlplane import commands
from idp.embedded.controlplane.binaries import Binaries
from idp.embedded.controlplane.process import KeptProcess, Program
from idp.kernel.controller import Runnable
from idp.kernel.errors import DeadlineExceeded, IdpError
from idp.kernel.files import make_folder, replace_file

READY_SECONDS = 90.0
ETCD_STOP_SECONDS = 4.0
APISERVER_STOP_SECONDS = 1.5
"""It keeps nothing, and would wait for everybody who watches."""
_PERIOD = 0.1

Ready = Callable[[], Awaitable[object]]
"""Asks the API server whether it is ready; raises an `IdpError` while it is not."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Certificates and keys (PEM) of a kube-apiserver.

    Attributes:
        authority: Certificate of the authority that signed the others and every client's.
        server: Certificate and key that it shows.
        kubelet: Certificate and key with which it asks for the logs of pods.
        accounts: Private and public key that sign and prove ServiceAccount tokens; never replaced,
            or all tokens end.
    """

    authority: str
    server: tuple[str, str]
    kubelet: tuple[str, str]
    accounts: tuple[str, str]


class ControlPlane(Runnable):
    """The two processes; they end with this process.

    Args:
        folder: Data, sockets, keys and logs of both.
        binaries: What to run.
        port: Of the API, on 127.0.0.1.
        identity: Written into the folder, readable by the owner only.
        issuer: URL that ServiceAccount tokens are issued by.
    """

    def __init__(
        self, folder: Path, binaries: Binaries, *, port: int, identity: Identity, issuer: str
    ) -> None:
        self._folder = folder
        self._identity = identity
        self.etcd = KeptProcess(
            Program("etcd", commands.etcd_command(binaries), folder, ETCD_STOP_SECONDS)
        )
        server = commands.apiserver_command(binaries, port=port, issuer=issuer)
        self.apiserver = KeptProcess(
            Program("kube-apiserver", server, folder, APISERVER_STOP_SECONDS)
        )

    async def start(self, ready: Ready) -> None:
        """Start both, and wait until the API answers.

        Raises:
            Unavailable: One of them ended; the message has its last line.
            DeadlineExceeded: The API is not ready in time.
        """
        self._write_files()
        try:
            for process in (self.etcd, self.apiserver):
                await process.start()
            await self._until_ready(ready)
        except BaseException:
            await self.stop()
            raise

    def _write_files(self) -> None:
        make_folder(self._folder)
        self._folder.chmod(0o700)
        identity = self._identity
        for name, text in (
            (commands.CLIENT_AUTHORITY, identity.authority),
            (commands.SERVER_CERTIFICATE, identity.server[0]),
            (commands.SERVER_KEY, identity.server[1]),
            (commands.KUBELET_CERTIFICATE, identity.kubelet[0]),
            (commands.KUBELET_KEY, identity.kubelet[1]),
            (commands.ACCOUNTS_KEY, identity.accounts[0]),
            (commands.ACCOUNTS_PUBLIC_KEY, identity.accounts[1]),
        ):
            replace_file(self._folder / name, text.encode())
        replace_file(self._folder / commands.AUDIT_POLICY, orjson.dumps(commands.audit_policy()))

    async def _until_ready(self, ready: Ready) -> None:
        asking = asyncio.create_task(_ask(ready))
        ends = [asyncio.create_task(p.ended()) for p in (self.etcd, self.apiserver)]
        try:
            async with asyncio.timeout(READY_SECONDS):
                done, _ = await asyncio.wait({asking, *ends}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise DeadlineExceeded(
                f"kube-apiserver is not ready after {READY_SECONDS:.0f} s: "
                f"{self.apiserver.program.last_line()[-400:]}",
                remedy=f"Look at {self.apiserver.program.log}.",
            ) from None
        finally:
            for task in (asking, *ends):
                task.cancel()
        for end in ends:
            if end in done:
                raise end.result()

    async def run(self) -> None:
        """Keep both running until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.etcd.run(), name="etcd")
            group.create_task(self.apiserver.run(), name="kube-apiserver")

    async def stop(self) -> None:
        """End both, the API first: it writes to the store until its end."""
        await self.apiserver.stop()
        await self.etcd.stop()


async def _ask(ready: Ready) -> None:
    while True:
        try:
            await ready()
        except IdpError:
            await asyncio.sleep(_PERIOD)
        else:
            return
