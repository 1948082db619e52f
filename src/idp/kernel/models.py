"""Kinds as pydantic models: what `idp.kernel.resource` gives to those who ask for it.

Import the names from there. They are in a module of their own because pydantic takes a third of
the start of a process that handles manifests only, as the embedded API server and most commands do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import ClassVar, Generic, Literal, Self, TypeVar

import pydantic
import pydantic.alias_generators
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails

from idp.kernel.errors import Cause, Invalid
from idp.kernel.resource import PLATFORM_GROUP, PLATFORM_VERSION, Manifest, ResourceType


class Model(BaseModel):
    """Base of all API models: camelCase outside, snake_case inside, unknown fields refused."""

    model_config = ConfigDict(
        alias_generator=pydantic.alias_generators.to_camel,
        populate_by_name=True,
        extra="forbid",
    )


class OwnerReference(Model):
    """Link to the object whose deletion deletes this one (`meta/v1`)."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = False
    block_owner_deletion: bool = False


class ObjectMeta(Model):
    """The part of `meta/v1 ObjectMeta` that the platform reads; the rest passes through."""

    model_config = ConfigDict(extra="allow")

    name: str = ""
    namespace: str | None = None
    generate_name: str | None = None
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: list[str] = Field(default_factory=list)
    owner_references: list[OwnerReference] = Field(default_factory=list)


class Condition(Model):
    """A Kubernetes condition, with the remedy that this platform adds.

    Attributes:
        type: What is stated, such as `Ready`.
        status: `True`, `False` or `Unknown`.
        reason: CamelCase word for programs.
        message: For people: what is waited for or what is wrong.
        remedy: What to do next; empty while the condition is true or nothing is needed.
    """

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""
    remedy: str = ""
    observed_generation: int = 0
    last_transition_time: datetime | None = None


class Status(Model):
    """Base of every status: conditions, and the generation they speak of."""

    observed_generation: int = 0
    conditions: list[Condition] = Field(default_factory=list)


class PrinterColumn(BaseModel):
    """A column of `kubectl get` and `idp-cli get` (CRD `additionalPrinterColumns`)."""

    name: str
    path: str
    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True)
class KindDefinition:
    """What the API must know about a kind besides its schema."""

    plural: str
    group: str = PLATFORM_GROUP
    version: str = PLATFORM_VERSION
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ("idp",)
    columns: tuple[PrinterColumn, ...] = ()
    validations: tuple[tuple[str, str], ...] = ()
    """CEL rules over the whole object, each with its message (`x-kubernetes-validations`)."""


SpecT = TypeVar("SpecT", bound=BaseModel)
StatusT = TypeVar("StatusT", bound=Status)


class Resource(Model, Generic[SpecT, StatusT]):
    """A kind of the platform. Subclass it with a spec and a status, and set `definition`."""

    definition: ClassVar[KindDefinition]

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = Field(default_factory=ObjectMeta)
    spec: SpecT
    status: StatusT | None = None

    @classmethod
    def type(cls) -> ResourceType:
        """The kind as the API names it; the kind's name is the class's name."""
        d = cls.definition
        return ResourceType(d.group, d.version, cls.__name__, d.plural, d.namespaced)

    @classmethod
    def parse(cls, manifest: Manifest) -> Self:
        """Read a manifest.

        Raises:
            Invalid: A field is unknown, missing or of the wrong type; causes name each path.
        """
        try:
            return cls.model_validate(manifest)
        except pydantic.ValidationError as error:
            causes = [_cause(problem) for problem in error.errors()]
            name = (manifest.get("metadata") or {}).get("name", "")
            raise Invalid(
                f'{cls.__name__} "{name}" is invalid: '
                + "; ".join(f"{c.field}: {c.message}" for c in causes),
                causes=causes,
                remedy=f"`idp-cli explain {_explained(cls.__name__, causes)}` shows every field.",
            ) from error

    def manifest(self) -> Manifest:
        """The object as the API takes it: camelCase, without unset and null fields."""
        resource_type = type(self).type()
        body = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
        return {
            **body,
            "apiVersion": resource_type.api_version,
            "kind": resource_type.kind,
        }

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """`metadata.namespace`, `default` when it is not set."""
        return self.metadata.namespace or "default"


def _cause(problem: ErrorDetails) -> Cause:
    unknown = problem["type"] == "extra_forbidden"
    message = "there is no such field" if unknown else problem["msg"]
    return Cause(".".join(str(part) for part in problem["loc"]), message)


def _explained(kind: str, causes: Sequence[Cause]) -> str:
    """The kind and, within the spec, the first field's parent, up to an item of a list."""
    path = causes[0].field.split(".")[:-1]
    if path[:1] != ["spec"]:
        return kind.lower()
    return ".".join([kind.lower(), *takewhile(lambda part: not part.isdecimal(), path)])
