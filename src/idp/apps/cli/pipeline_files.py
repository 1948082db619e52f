"""Files that hold rules: a PromotionPipeline, a SecurityProfile, or both. Pure but for the reading.

What the API would refuse is refused here with the file's line, and so is what it would take and
nobody would ever read: an object under another name than `default`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.capabilities.environments.kinds import PromotionPipeline, PromotionPipelineSpec
from idp.capabilities.promotion.decide.rules import Rules
from idp.capabilities.scanning.kinds import SecurityProfile, SecurityProfileSpec
from idp.kernel.errors import Cause, Invalid, InvalidInput, NotFound
from idp.kernel.strict_yaml import Document, read_documents

NAME = "default"
LARGEST_FILE = 256 * 1024
_KINDS = (PromotionPipeline, SecurityProfile)


@dataclass(frozen=True, slots=True)
class RulesFile:
    """What a file says.

    Attributes:
        pipeline: None when the file holds no PromotionPipeline.
        profile: None when it holds no SecurityProfile.
    """

    pipeline: PromotionPipelineSpec | None
    profile: SecurityProfileSpec | None

    def over(self, rules: Rules) -> Rules:
        """Other rules with what the file says in their place."""
        return Rules(self.pipeline or rules.pipeline, self.profile or rules.profile)


def read_rules(path: Path, environments: tuple[str, ...] = ()) -> RulesFile:
    """Read and check a file.

    Args:
        path: Of the file.
        environments: That exist; empty when nobody knows.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is not YAML, or holds other objects; with the line.
        Invalid: Fields are wrong; each cause has its line and path.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}", remedy="Check the path.")
    with path.open("rb") as opened:
        content = opened.read(LARGEST_FILE + 1)
    return parse_rules(content, str(path), environments)


def parse_rules(content: bytes, name: str, environments: tuple[str, ...] = ()) -> RulesFile:
    """As `read_rules`, of a file's content."""
    found: dict[str, Any] = {}
    causes: list[Cause] = []
    for document in read_documents(content, name=name, limit=LARGEST_FILE):
        where, kind = f"{name}:{document.line}", _kind(document, name)
        if kind.__name__ in found:
            raise InvalidInput(f"{where}: a second {kind.__name__}; only one can be in force")
        try:
            found[kind.__name__] = kind.parse(document.value).spec
        except Invalid as error:
            found[kind.__name__] = None
            causes += [Cause(f"{where} {c.field}", c.message) for c in error.causes]
        else:
            causes += _meaning(where, document.value, found[kind.__name__], environments)
    if causes:
        raise Invalid(
            f"{name} has {len(causes)} mistake{'s' * (len(causes) != 1)}",
            causes=causes,
            remedy="`idp-cli explain promotionpipeline.spec` and `idp-cli explain "
            "securityprofile.spec` show every field.",
        )
    if not found:
        raise InvalidInput(f"{name} holds no rules", remedy=_TAKES)
    return RulesFile(found.get("PromotionPipeline"), found.get("SecurityProfile"))


_TAKES = f"It takes a {' and a '.join(kind.__name__ for kind in _KINDS)}."


def _kind(document: Document, name: str) -> type[PromotionPipeline] | type[SecurityProfile]:
    value = document.value
    if isinstance(value, dict):
        for kind in _KINDS:
            wanted = (kind.type().api_version, kind.type().kind)
            if (value.get("apiVersion"), value.get("kind")) == wanted:
                return kind
    said = (value.get("apiVersion"), value.get("kind")) if isinstance(value, dict) else value
    raise InvalidInput(
        f"{name}:{document.line}: {said} is not a kind of rules",
        remedy=f"{_TAKES} Their apiVersion is {PromotionPipeline.type().api_version}.",
    )


def _meaning(where: str, document: Any, spec: Any, environments: tuple[str, ...]) -> list[Cause]:
    """What is well-formed and still cannot be meant."""
    causes = []
    name = (document.get("metadata") or {}).get("name")
    if name != NAME:
        text = f"{name!r} would never be read: only the object named {NAME} is in force"
        causes.append(Cause(f"{where} metadata.name", text))
    previous = getattr(spec, "previous", None)
    if previous and environments and previous not in environments:
        text = f"there is no environment {previous}; there are {', '.join(environments)}"
        causes.append(Cause(f"{where} spec.previous", text))
    return causes
