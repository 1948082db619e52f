"""The servers that are measured, each as its users start it, in a folder of its own."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

DEADLINE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        name: What it is.
        folder: Of its data.
        port: On 127.0.0.1.
        authority: Path of the certificate that signed the server's.
        processes: Ids of its processes.
        ready_seconds: From the start of the first process until it said that it is ready.
        token: Bearer token of an administrator; empty when there is an identity.
        identity: Path of a client certificate of an administrator, with its key.
    """

    name: str
    folder: Path
    port: int
    authority: str
    processes: tuple[int, ...]
    ready_seconds: float
    token: str = ""
    identity: str = ""

    def processor(self) -> float:
        """Processor seconds of its processes since they started."""
        return sum(_processor(pid) for pid in self.processes)

    def memory(self) -> tuple[float, float]:
        """PSS and RSS of its processes, in MB."""
        found = [_memory(pid) for pid in self.processes]
        return sum(pss for pss, _ in found), sum(rss for _, rss in found)


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory(pid: int) -> tuple[float, float]:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    values = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE))
    return int(values["Pss"]) * 1024 / 1e6, int(values["Rss"]) * 1024 / 1e6


@contextmanager
def embedded(folder: Path) -> Iterator[Server]:
    """`idp-cli apiserver` on a data folder, which may hold objects already."""
    folder.mkdir(parents=True, exist_ok=True)
    data, port = folder / "data", free_port()
    command = [str(Path(sys.executable).with_name("idp-cli")), "apiserver"]
    command += ["--data", str(data), "--port", str(port)]
    with _started(command, folder / "log") as (process, started):
        kubeconfig = data / "kubeconfig"
        _until(kubeconfig.exists, process)
        ready = time.monotonic() - started
        identity, authority = _identity(kubeconfig, folder)
        pids = (process.pid,)
        yield Server("embedded", folder, port, authority, pids, ready, identity=identity)


def _identity(kubeconfig: Path, folder: Path) -> tuple[str, str]:
    identity, authority = folder / "identity.pem", folder / "authority.pem"
    content = yaml.safe_load(kubeconfig.read_text())
    user, cluster = content["users"][0]["user"], content["clusters"][0]["cluster"]
    pem = [base64.b64decode(user[f"client-{part}-data"]) for part in ("key", "certificate")]
    identity.write_bytes(b"\n".join(pem))
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return str(identity), str(authority)


def real_binaries() -> tuple[Path, Path] | None:
    """Paths of etcd and kube-apiserver: in KUBEBUILDER_ASSETS, else in PATH; None without them."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    found = [shutil.which(name, path=assets) for name in ("etcd", "kube-apiserver")]
    etcd, apiserver = found
    return (Path(etcd), Path(apiserver)) if etcd and apiserver else None


@contextmanager
def real(folder: Path, binaries: tuple[Path, Path]) -> Iterator[Server]:
    """A real kube-apiserver on a real etcd, as controller-runtime's envtest starts them."""
    folder.mkdir(parents=True, exist_ok=True)
    key, tokens, port, store, peer = folder / "sa.key", folder / "tokens", *free_ports(3)
    if not key.exists():
        command = ["openssl", "genrsa", "-out", str(key), "2048"]
        subprocess.run(command, check=True, capture_output=True)
    tokens.write_text('benchmark,admin,1,"system:masters"\n')
    etcd = [
        str(binaries[0]),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{store}",
        f"--advertise-client-urls=http://127.0.0.1:{store}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
    ]
    apiserver = [
        str(binaries[1]),
        f"--etcd-servers=http://127.0.0.1:{store}",
        f"--cert-dir={folder / 'certs'}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--disable-admission-plugins=ServiceAccount",
    ]
    with (
        _started(etcd, folder / "etcd.log") as (storage, started),
        _started(apiserver, folder / "apiserver.log") as (process, _),
    ):
        _until(lambda: _says_ready(port), process)
        ready = time.monotonic() - started
        pids = (storage.pid, process.pid)
        authority = str(folder / "certs" / "apiserver.crt")
        yield Server(
            "kube-apiserver and etcd", folder, port, authority, pids, ready, token="benchmark"
        )


@contextmanager
def _started(command: list[str], log: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    started = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=log.parent,
            env=_environment(),
        )
    try:
        yield process, started
    finally:
        process.terminate()
        process.wait(DEADLINE)


def _environment() -> dict[str, str]:
    """Python may keep what it compiled, as on a user's machine."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} does not become ready")
        time.sleep(0.005)


def _says_ready(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain) as connection,
        ):
            request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            connection.sendall(request)
            return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many ports on 127.0.0.1 that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for probe in sockets:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in sockets]
    for probe in sockets:
        probe.close()
    return ports
