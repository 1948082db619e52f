"""What a parser is: it reads the report of one tool that ran elsewhere. Pure.

Rules:
1. A score is taken where the tool states a CVSS base score. A vulnerability of a package that has
   only a word for its severity is unscored; a rule about code or configuration, which CVSS does not
   score, gets the lowest score of its word.
2. What a tool says that it could not look at makes the report incomplete.
3. A secret is named by kind and place, never quoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from idp.capabilities.scanning.decide import lowest_score
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete, incomplete

Document = Any
"""A JSON value."""


class Parser(Protocol):
    """Reads reports of one tool."""

    @property
    def name(self) -> str:
        """Of the tool; the name of the report."""
        ...

    def recognises(self, document: Document) -> bool:
        """Whether this looks like a report of the tool."""
        ...

    def parse(self, document: Document) -> ScannerReport:
        """Read it.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: It is no report of the tool.
        """
        ...


def by_word(word: object, words: Mapping[str, str] | None = None) -> float | None:
    """The lowest score of a word for a severity, in the tool's own words if given."""
    text = str(word).lower()
    return lowest_score((words or {}).get(text, text))


def line(text: object) -> str:
    """A summary: one line of bounded length."""
    return " ".join(str(text or "").split())[:500]


def place(path: object, number: object = None) -> str:
    """`path:line`."""
    return f"{path}:{number}" if isinstance(number, int) and number > 0 else str(path)


def report(
    name: str, version: object, findings: Iterable[Finding], gaps: Iterable[str] = ()
) -> ScannerReport:
    """A report; with gaps it is incomplete. The same finding of one package is told once."""
    once: dict[tuple[str, str, str, str], Finding] = {}
    for number, finding in enumerate(findings):
        key = (finding.id, finding.package, finding.version, finding.location or "")
        once.setdefault(key if finding.package else (*key[:3], f"{key[3]}#{number}"), finding)
    told = list(once.values())
    if reason := "; ".join(dict.fromkeys(gaps)):
        return incomplete(name, line(reason), version=str(version or ""), findings=told)
    return complete(name, str(version or ""), told)
