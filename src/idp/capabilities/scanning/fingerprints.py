"""Who a finding is, from one run to the next. Pure.

Rules, by what the finding is about:

1. A distribution: scanner, distribution and advisory. Not the version: a newer one that is
   affected too has the same problem. An advisory goes by its CVE id where it has one, for scanners
   differ in which of its names they call the first.
2. A place in a file: scanner, rule, path and what stands there (`Finding.context`). Not the line:
   lines move whenever something above them changes.

Findings that are alike by these are numbered in the order of the report.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import orjson

from idp.capabilities.scanning.reports import Finding, ScannerReport

_LINE = re.compile(r":\d+(:\d+)?$")
_CVE = re.compile(r"^CVE-\d{4}-\d{4,}$")


def fingerprints(report: ScannerReport) -> Iterator[tuple[str, Finding]]:
    """Each finding of a report with its fingerprint, 64 hexadecimal digits."""
    alike: Counter[tuple[str, ...]] = Counter()
    for finding in report.findings:
        identity = _identity(report.name, finding)
        body = orjson.dumps([*identity, alike[identity]])
        alike[identity] += 1
        yield hashlib.sha256(body).hexdigest(), finding


def _identity(scanner: str, finding: Finding) -> tuple[str, ...]:
    if finding.package:
        return "package", scanner, finding.package.lower(), advisory_name(finding)
    return "place", scanner, finding.id, path_of(finding.location), finding.context


def advisory_name(finding: Finding) -> str:
    """The one name of an advisory: its first CVE id, otherwise its first name."""
    names = sorted({finding.id, *finding.aliases})
    return next((name for name in names if _CVE.match(name)), names[0])


def path_of(location: str) -> str:
    """A location without its line."""
    return _LINE.sub("", location)


def context_of(lines: Sequence[str]) -> str:
    """Digest of lines of source, however they are indented; empty for nothing."""
    words = " ".join(" ".join(lines).split())
    return hashlib.sha256(words.encode()).hexdigest()[:16] if words else ""
