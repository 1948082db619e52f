"""To which version a vulnerable dependency is raised, and what then stands in the lock. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packaging.utils import canonicalize_name

from idp.capabilities.scanning.osv import Advisory, Affected, affects
from idp.capabilities.scanning.reports import ScannerReport
from idp.capabilities.scanning.versions import version_key
from idp.kernel.errors import InvalidInput

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*==")


def lowest_fix(known: Iterable[tuple[Advisory, Affected]], version: str) -> str | None:
    """The lowest later version with no vulnerability that is known; None when there is none.

    Candidates are the versions that advisories name as fixed: that others exist, nobody told us.

    Args:
        known: What is known about the package.
        version: Which is used.
    """
    known = list(known)
    if not known:
        return None
    ecosystem = known[0][1].ecosystem
    used = version_key(ecosystem, version)
    later = {at for at in fixed_versions(known) if version_key(ecosystem, at) > used}
    for candidate in sorted(later, key=lambda at: version_key(ecosystem, at)):
        if not any(affects(affected, candidate) for _, affected in known):
            return candidate
    return None


def fixed_versions(known: Iterable[tuple[Advisory, Affected]]) -> set[str]:
    """The versions that advisories name as fixed."""
    return {
        at
        for _, affected in known
        for events in affected.ranges
        for kind, at in events
        if kind == "fixed"
    }


def replace_requirement(text: str, package: str, lines: str) -> str:
    """A `requirements.txt` with one requirement, and its hashes, replaced.

    Args:
        text: The file.
        package: Whose requirement goes.
        lines: What stands there instead.

    Raises:
        InvalidInput: The package is not pinned there, or more than once.
    """
    blocks = _blocks(text)
    name = canonicalize_name(package)
    places = [n for n, block in enumerate(blocks) if _pinned(block) == name]
    if len(places) != 1:
        raise InvalidInput(
            f"requirements.txt pins {package} {'more than once' if places else 'nowhere'}",
            remedy="Pin every package once, as `uv pip compile --generate-hashes` does.",
        )
    if "--hash" in blocks[places[0]] and "--hash" not in lines:
        raise InvalidInput(
            f"the registry gives no hashes of {package}, and requirements.txt demands them",
            remedy="Ask a registry that does: set UV_DEFAULT_INDEX.",
        )
    blocks[places[0]] = lines.strip("\n") + "\n"
    return "".join(blocks)


def _blocks(text: str) -> list[str]:
    """Logical lines: a backslash at the end goes on."""
    blocks, open_ = [], ""
    for line in text.splitlines(keepends=True):
        open_ += line
        if not line.rstrip("\r\n").endswith("\\"):
            blocks.append(open_)
            open_ = ""
    return [*blocks, open_] if open_ else blocks


def _pinned(block: str) -> str:
    match = _NAME.match(block.strip())
    return str(canonicalize_name(match[1])) if match else ""


def judge(
    report: ScannerReport,
    package: str,
    findings: Sequence[str],
    present: Iterable[str],
) -> str:
    """Why a remediation does not help; empty when it does.

    Args:
        report: Of the comparison with the advisories, after it.
        package: What was raised.
        findings: What must be gone.
        present: Names of what is there without it.
    """
    there = [{finding.id, *finding.aliases} for finding in report.findings]
    left = sorted(name for name in findings if any(name in names for names in there))
    if left:
        return f"{', '.join(left)} is still there with {package} raised"
    known = set(present)
    fresh = sorted(
        f.id for f, names in zip(report.findings, there, strict=True) if not names & known
    )
    if fresh:
        return f"it brings what was not there before: {', '.join(fresh[:5])}"
    if report.status == "incomplete" and not report.database:
        return f"nobody can tell whether it helps: {report.reason}"
    return ""
