"""The frameworks: their controls, in our own words, and which evidence each stands on.

One YAML file each in `frameworks/`. Identifiers are those of the publishers; their texts are
copyrighted (AICPA, ISO) and are not repeated: who assesses reads the original beside this.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from idp.capabilities.compliance.kinds import FrameworkName
from idp.kernel.strict_yaml import load_documents

FRAMEWORKS: tuple[FrameworkName, ...] = get_args(FrameworkName)


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    Attributes:
        id: As the publisher numbers it.
        group: Heading that it stands under.
        title: What it asks, in our words.
        evidence: Names of the queries that it stands on; empty when the platform records nothing
            of it.
        beyond: What belongs to it and the platform cannot see; empty when there is nothing.
    """

    id: str
    group: str
    title: str
    evidence: tuple[str, ...] = ()
    beyond: str = ""


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework.

    Attributes:
        name: As commands take it.
        title: As its publisher calls it.
        source: Where the original is found.
        controls: In the publisher's order.
    """

    name: FrameworkName
    title: str
    source: str
    controls: tuple[Control, ...]

    @property
    def queries(self) -> frozenset[str]:
        """Names of all queries that its controls stand on."""
        return frozenset(name for control in self.controls for name in control.evidence)


@cache
def framework(name: FrameworkName) -> Framework:
    """Read a framework that the platform brings."""
    file = f"{name}.yaml"
    data = files("idp.capabilities.compliance").joinpath("frameworks", file).read_bytes()
    (body,) = load_documents(data, name=file)
    return read_framework(name, body)


def read_framework(name: FrameworkName, body: Any) -> Framework:
    """The framework that a file says: groups of controls by their identifiers."""
    controls = [
        Control(
            id=identifier,
            group=group["name"],
            title=control["title"],
            evidence=tuple(control.get("evidence", ())),
            beyond=control.get("beyond", ""),
        )
        for group in body["groups"]
        for identifier, control in group["controls"].items()
    ]
    return Framework(name, body["title"], body["source"], tuple(controls))
