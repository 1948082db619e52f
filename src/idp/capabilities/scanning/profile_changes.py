"""What becomes of a change of rules. Pure.

The file `platform/securityprofile.yaml` on `main` of the environment's repository is the profile;
as long as there is none, the default that the environment started with is.

Rules:
1. Nothing happens until somebody else than the author approved it.
2. A change counts for the profile that was looked at: under another version it is stale. But one
   that Git has already stays applied, whatever came after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import yaml

from idp.capabilities.scanning.kinds import (
    PROFILE,
    SecurityProfile,
    SecurityProfileChange,
    SecurityProfileSpec,
)
from idp.kernel.errors import InvalidInput
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest
from idp.kernel.strict_yaml import load_documents

FOLDER, FILE = "platform", "securityprofile.yaml"
PATH = f"{FOLDER}/{FILE}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with a change.

    Attributes:
        phase: As in its status; `Commit` when it is to be committed now.
        message: Why, for people.
    """

    phase: Literal["Waiting", "Applied", "Stale", "Commit"]
    message: str


def decide(
    change: SecurityProfileChange, present: SecurityProfileSpec, committed: bool
) -> Decision:
    """What is to be done.

    Args:
        change: The change.
        present: The profile in force.
        committed: Whether Git has it.
    """
    spec = change.spec
    if committed:  # Rule 2
        return Decision("Applied", f"asked for by {spec.author}, approved by {spec.approver}")
    if not spec.approver or spec.approver == spec.author:  # Rule 1
        return Decision("Waiting", f"{spec.author} asks for it; nobody else approved it yet")
    if present.version != spec.base:
        said = f"the rules changed meanwhile: they are {present.version[:19]}, not {spec.base[:19]}"
        return Decision("Stale", said)
    return Decision("Commit", "approved")


def changed_rules(present: SecurityProfileSpec, wanted: SecurityProfileSpec) -> list[str]:
    """What differs, such as `severity.high: approve -> deny`, defaults included."""
    before, after = (
        rules_of(spec.model_dump(mode="json", by_alias=True)) for spec in (present, wanted)
    )
    paths = sorted(before.keys() | after.keys())
    return [
        f"{path}: {before.get(path, 'unset')} -> {after.get(path, 'unset')}"
        for path in paths
        if before.get(path) != after.get(path)
    ]


def rules_of(value: Manifest, prefix: str = "") -> dict[str, str]:
    """Each rule of a profile's spec by its path, such as `severity.high`."""
    found: dict[str, str] = {}
    for name, held in value.items():
        if isinstance(held, dict):
            found |= rules_of(held, f"{prefix}{name}.")
        else:
            several = isinstance(held, list)
            found[f"{prefix}{name}"] = ", ".join(map(str, held)) if several else str(held)
    return found


def merged(spec: Manifest, patch: Any) -> Manifest:
    """A merge patch applied (RFC 7386): null takes away."""
    result = dict(spec)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            known = result.get(name)
            result[name] = merged(known if isinstance(known, dict) else {}, value)
        else:
            result[name] = value
    return result


def write_file(profile: SecurityProfileSpec) -> bytes:
    """The file, for a commit; it says every rule: defaults of later versions change none."""
    spec = profile.model_dump(mode="json", by_alias=True)
    manifest = render(SecurityProfile.type(), PROFILE, spec=spec)
    return yaml.safe_dump(manifest, sort_keys=True, allow_unicode=True).encode()


def read_file(content: bytes) -> Manifest:
    """The spec that the file says.

    Raises:
        InvalidInput: It is no YAML, or not the one SecurityProfile.
        Invalid: The profile is invalid.
    """
    documents = load_documents(content, name=PATH)
    kind = SecurityProfile.type().kind
    if (
        len(documents) != 1
        or not isinstance(documents[0], dict)
        or documents[0].get("kind") != kind
    ):
        raise InvalidInput(f"{PATH} is not one {kind}", remedy="Correct it in Git.")
    spec: Manifest = documents[0].get("spec") or {}
    SecurityProfile.parse(documents[0])
    return spec


def message(change: SecurityProfileChange) -> str:
    """What the commit says: who asked, who agreed, and why."""
    spec = change.spec
    words = " ".join(spec.reason.split())  # one line: it must not look like a trailer
    return (
        f"Change the rules for findings\n\n{words}\n\nChange: {change.name}\n"
        f"Asked-By: {spec.author}\nApproved-By: {spec.approver}"
    )
