"""How an image is made: who runs in it, what its files may do, what its history tells.

Our own rules over the image's configuration and the headers of its layers; nothing is run, nothing
is asked of the network. The rules follow the CIS Docker Benchmark 1.6, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from idp.capabilities.scanning.decide import lowest_score
from idp.capabilities.scanning.image import Image
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete, incomplete
from idp.capabilities.scanning.scanners.ports import Target
from idp.protocols.oci.runtime import borrowed_runtime

NAME = "image"
MAX_TOLD = 50
"""Files that one rule names; the report says when there are more."""

_SETUID, _SETGID, _WORLD_WRITABLE = 0o4000, 0o2000, 0o002
_SECRET_NAME = re.compile(r"(PASSW(OR)?D|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIALS?)$", re.I)
_REMOTE_ADD = re.compile(r"\bADD\b.*https?://", re.I)
_PIPED = re.compile(r"\b(curl|wget)\b[^|;&]*\|\s*(sudo\s+)?(ba|z|da)?sh\b", re.I)


class ImageRules:
    """Applies the rules."""

    name = NAME
    covers = "the image's user, file rights, environment and history"

    async def run(self, target: Target) -> ScannerReport:
        """Look.

        Raises:
            Invalid: The image itself is not at hand.
        """
        return judge(target.require_image(), version("idp"))


def judge(image: Image, own_version: str) -> ScannerReport:
    """Apply all rules. Pure."""
    settings = image.config.get("config")
    facts: dict[str, Any] = settings if isinstance(settings, dict) else {}
    files = list(_files(image))
    findings = [*_user(image, facts), *_environment(facts), *_history(image), *files[:MAX_TOLD]]
    if len(files) > MAX_TOLD:
        reason = f"{len(files)} files have rights that they should not have; {MAX_TOLD} are named"
        return incomplete(NAME, reason, version=own_version, findings=findings)
    return complete(NAME, own_version, findings)


def _user(image: Image, facts: dict[str, Any]) -> Iterator[Finding]:
    """CIS 4.1: a container runs as a user of its own. Without one it runs as root.

    An image that borrows the host's runtime runs nowhere else than there, where one that names no
    user gets the customary `nonroot` (65532).
    """
    user = str(facts.get("User") or "").partition(":")[0]
    if not user and borrowed_runtime(image.labels):
        return
    if user in ("", "0", "root"):
        yield _finding("image-root-user", "medium", "the image runs as root: set its user")


def _environment(facts: dict[str, Any]) -> Iterator[Finding]:
    """CIS 4.10: no secret in an image. The value is never told."""
    for entry in facts.get("Env") or []:
        name, _, value = str(entry).partition("=")
        if value and _SECRET_NAME.search(name):
            text = f"the image's environment holds a value for {name[:80]}"
            yield _finding("image-secret-in-environment", "high", text, f"env:{name[:80]}")


def _history(image: Image) -> Iterator[Finding]:
    """CIS 4.9: what is fetched while building is checked; neither of these is."""
    entries = image.config.get("history")
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        command = str(entry.get("created_by") or "") if isinstance(entry, dict) else ""
        if _REMOTE_ADD.search(command):
            text = "a layer was added from an address, unchecked"
            yield _finding("image-remote-add", "medium", text, f"history:{number}")
        if _PIPED.search(command):
            text = "a layer was made by a script straight from the network"
            yield _finding("image-piped-script", "medium", text, f"history:{number}")


def _files(image: Image) -> Iterator[Finding]:
    """CIS 4.8: no setuid and setgid; and what anybody may write, anybody may replace."""
    for path, file in sorted(image.files.items()):
        if file.mode & (_SETUID | _SETGID):
            text = "the file runs with the rights of its owner or group"
            yield _finding("image-setuid-file", "medium", text, f"/{path}")
        elif file.mode & _WORLD_WRITABLE:
            text = "every user may write the file"
            yield _finding("image-world-writable-file", "low", text, f"/{path}")


def _finding(rule: str, word: str, summary: str, location: str = "") -> Finding:
    return Finding(id=rule, severity=lowest_score(word), summary=summary, location=location)
