"""A real etcd and kube-apiserver on free loopback ports, for tests that compare with them.

The programs are looked for by controller-runtime's convention: the folder `KUBEBUILDER_ASSETS`,
then `PATH`, then a cache folder. `python -m support.real_control_plane build` (in `tests/`) fills
the cache with Go, from the versions that `tests/cluster/go.mod` pins; it takes three minutes on two
cores. No test builds them by itself.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SOURCES = Path(__file__).resolve().parents[1] / "cluster"
_PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
}
_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Binaries:
    """Where the two programs are."""

    etcd: Path
    apiserver: Path


@dataclass(frozen=True)
class RealControlPlane:
    """A control plane that is ready.

    Attributes:
        url: Base address of the API.
        tokens: Bearer token by user.
    """

    url: str
    tokens: Mapping[str, str]


def cache_folder() -> Path:
    """Where built programs are kept."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "idp" / "control-plane"


def find_binaries() -> Binaries | None:
    """The programs; None when one of them is nowhere."""
    found = [_find("etcd"), _find("kube-apiserver")]
    return Binaries(*(p for p in found if p)) if all(found) else None


def _find(name: str) -> Path | None:
    folders = [os.environ.get("KUBEBUILDER_ASSETS"), os.environ.get("PATH"), str(cache_folder())]
    for folder in folders:
        if folder and (found := shutil.which(name, path=folder)):
            return Path(found)
    return None


def build() -> Binaries:
    """Build the programs into the cache.

    Raises:
        CalledProcessError: Go says why on its standard error.
    """
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    for name, package in _PACKAGES.items():
        # Version strings are set as the release build does: clients read them.
        flags = "-s -w"
        if name == "kube-apiserver":
            flags += "".join(
                f" -X k8s.io/component-base/version.{n}={v}" for n, v in _VERSION.items()
            )
        command = ["go", "build", "-ldflags", flags, "-o", str(cache / name), package]
        subprocess.run(command, cwd=SOURCES, check=True)
    return Binaries(cache / "etcd", cache / "kube-apiserver")


_VERSION = {"gitVersion": "v1.36.0", "gitMajor": "1", "gitMinor": "36"}


@asynccontextmanager
async def real_control_plane(
    binaries: Binaries, folder: Path, users: Mapping[str, tuple[str, ...]]
) -> AsyncIterator[RealControlPlane]:
    """Run a fresh control plane: token authentication, RBAC, no admission of ServiceAccounts.

    Args:
        binaries: The programs.
        folder: Empty; holds their state and logs.
        users: Groups by user; each user gets a token.
    """
    tokens = {user: f"token-of-{user}" for user in users}
    rows = [
        f"{tokens[user]},{user},uid-{user}"
        # An empty text would be read as a group of that name.
        + (f',"{",".join(groups)}"\n' if groups else "\n")
        for user, groups in users.items()
    ]
    (folder / "tokens.csv").write_text("".join(rows))
    key = folder / "service-accounts.key"
    key.write_bytes(_private_key())
    etcd_port, peer_port, port = _free_ports(3)
    etcd, peer = f"http://127.0.0.1:{etcd_port}", f"http://127.0.0.1:{peer_port}"
    url = f"https://127.0.0.1:{port}"
    async with (
        _running(binaries.etcd, _etcd_arguments(folder, etcd, peer), folder / "etcd.log"),
        _running(binaries.apiserver, _arguments(folder, etcd, port), folder / "apiserver.log"),
    ):
        await _ready(url, folder / "apiserver.log")
        yield RealControlPlane(url, tokens)


def _private_key() -> bytes:
    """A key that ServiceAccount tokens are signed with."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _etcd_arguments(folder: Path, client: str, peer: str) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _arguments(folder: Path, etcd: str, port: int) -> list[str]:
    key = folder / "service-accounts.key"
    return [
        f"--etcd-servers={etcd}",
        f"--cert-dir={folder / 'certificates'}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        # Nothing here makes the ServiceAccounts that it would wait for.
        "--disable-admission-plugins=ServiceAccount",
    ]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@asynccontextmanager
async def _running(program: Path, arguments: list[str], log: Path) -> AsyncIterator[None]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            program, *arguments, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _ready(url: str, log: Path) -> None:
    """Wait until the server says that it is ready."""
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session:
        while asyncio.get_running_loop().time() < deadline:
            try:
                async with session.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise RuntimeError(f"kube-apiserver is not ready after {_READY_SECONDS:.0f} s:\n{tail}")


def main(arguments: list[str]) -> int:
    """Build the programs, or say where they are."""
    if arguments == ["build"]:
        built = build()
        print(f"built {built.etcd} and {built.apiserver}")
        return 0
    found = find_binaries()
    if found is None:
        print(
            "no etcd and kube-apiserver here: set KUBEBUILDER_ASSETS, or build them: "
            "python -m support.real_control_plane build"
        )
        return 1
    print(f"{found.etcd}\n{found.apiserver}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
