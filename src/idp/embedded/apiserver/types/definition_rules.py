"""What a CustomResourceDefinition must be: names that fit, one stored version, sound schemas.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from idp.embedded.apiserver.types.structural import (
    forbidden,
    has_rules,
    invalid,
    required,
    structural_causes,
)
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_PROTECTED = (".k8s.io", ".kubernetes.io")
_APPROVED = "api-approved.kubernetes.io"


class DefinitionRules:
    """Rules of CustomResourceDefinitions."""

    def validate(self, new: Manifest, old: Manifest | None) -> list[Cause]:
        """What is wrong with a definition."""
        spec = new.get("spec") or {}
        # What is wrong with the name would be wrong with an immutable field as well.
        named = [*_named(new)] if old is None else []
        return [*named, *_about(spec), *_versions(spec), *_names(spec), *_stored(new)]


def _named(definition: Manifest) -> Iterator[Cause]:
    spec, metadata = definition.get("spec") or {}, definition["metadata"]
    group = spec.get("group", "")
    wanted = f"{(spec.get('names') or {}).get('plural', '')}.{group}"
    if metadata.get("name") != wanted:
        text = 'must be spec.names.plural+"."+spec.group'
        yield invalid("metadata.name", metadata.get("name", ""), text)
    if f".{group}".endswith(_PROTECTED) and not (metadata.get("annotations") or {}).get(_APPROVED):
        text = (
            f'protected groups must have approval annotation "{_APPROVED}", see '
            "https://github.com/kubernetes/enhancements/pull/1111"
        )
        yield required(f"metadata.annotations[{_APPROVED}]", text)


def _about(spec: Manifest) -> Iterator[Cause]:
    group = spec.get("group", "")
    if not group:
        yield required("spec.group")
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")
    if not spec.get("scope"):
        yield required("spec.scope")
    elif spec["scope"] not in ("Namespaced", "Cluster"):
        text = f'Unsupported value: "{spec["scope"]}": supported values: "Cluster", "Namespaced"'
        yield Cause("spec.scope", text, "FieldValueNotSupported")
    if (spec.get("conversion") or {}).get("strategy", "None") != "None":
        text = "conversion webhooks are not supported by this server"
        yield forbidden("spec.conversion.strategy", text)
    if spec.get("preserveUnknownFields"):
        text = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead"
        )
        yield Cause("spec.preserveUnknownFields", f"Invalid value: true: {text}")


def _names(spec: Manifest) -> Iterator[Cause]:
    names = spec.get("names") or {}
    for field in ("plural", "singular", "kind", "listKind"):
        name = names.get(field, "")
        if not name:
            yield required(f"spec.names.{field}")
        elif field in ("plural", "singular") and not _LABEL.fullmatch(name):
            yield invalid(f"spec.names.{field}", name, _LABEL_RULE)
        elif not _LABEL.fullmatch(name.lower()):
            text = f"may have mixed case, but should otherwise match: {_LABEL_RULE}"
            yield invalid(f"spec.names.{field}", name, text)
    for index, name in enumerate(names.get("shortNames") or []):
        if not _LABEL.fullmatch(name):
            yield invalid(f"spec.names.shortNames[{index}]", name, _LABEL_RULE)


def _versions(spec: Manifest) -> Iterator[Cause]:
    versions = spec.get("versions") or []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        shown = None if not versions else [version.get("name", "") for version in versions]
        text = "must have exactly one version marked as storage version"
        yield invalid("spec.versions", shown, text)
    names = [version.get("name", "") for version in versions]
    if len(set(names)) != len(names):
        yield invalid("spec.versions", names, "must contain unique version names")
    for index, version in enumerate(versions):
        place = f"spec.versions[{index}]"
        if not _LABEL.fullmatch(version.get("name", "")):
            yield invalid(f"{place}.name", version.get("name", ""), _LABEL_RULE)
        # What all versions share is reported where version v1beta1 of this API had it.
        shared = len(versions) == 1
        yield from _schema(version, place, shared=shared)
        yield from _subresources(version, "spec" if shared else place)
        yield from _columns(version, "spec" if shared else place)


def _schema(version: Manifest, place: str, *, shared: bool) -> Iterator[Cause]:
    schema: Any = (version.get("schema") or {}).get("openAPIV3Schema")
    if not isinstance(schema, dict):
        yield required(f"{place}.schema.openAPIV3Schema")
        return
    root = ("spec.validation" if shared else f"{place}.schema") + ".openAPIV3Schema"
    yield from structural_causes(schema, root)
    if not schema.get("type"):
        yield required(f"{root}.type", "must not be empty at the root")
    elif schema["type"] != "object":
        yield invalid(f"{root}.type", schema["type"], "must be object at the root")
    if has_rules(schema):
        from idp.embedded.apiserver.cel.rules import compile_errors

        yield from compile_errors(schema, root)


def _subresources(version: Manifest, place: str) -> Iterator[Cause]:
    scale = (version.get("subresources") or {}).get("scale")
    if scale is None:
        return
    for field, below in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        at, path = f"{place}.subresources.scale.{field}", scale.get(field, "")
        if not path:
            yield required(at)
        elif not path.startswith("."):
            yield invalid(at, path, "must be a simple json path starting with .")
        elif not path.startswith(below):
            yield invalid(at, path, f"should be a json path under {below.rstrip('.')}")


def _columns(version: Manifest, place: str) -> Iterator[Cause]:
    for index, column in enumerate(version.get("additionalPrinterColumns") or []):
        at = f"{place}.additionalPrinterColumns[{index}]"
        if not column.get("name"):
            yield required(f"{at}.name")
        if not column.get("type"):
            text = f"must be one of {','.join(_COLUMN_TYPES)}"
            yield required(f"{at}.type", text)
        elif column["type"] not in _COLUMN_TYPES:
            text = f"must be one of {','.join(_COLUMN_TYPES)}"
            yield invalid(f"{at}.type", column["type"], text)
        path = column.get("jsonPath", "")
        if not path:
            yield required(f"{at}.JSONPath")
        elif not path.startswith("."):
            yield invalid(f"{at}.JSONPath", path, "must be a simple json path starting with .")


def _stored(definition: Manifest) -> Iterator[Cause]:
    """A version in which objects may be stored stays."""
    known = {v.get("name") for v in (definition.get("spec") or {}).get("versions") or []}
    stored = (definition.get("status") or {}).get("storedVersions") or []
    if not stored:
        yield invalid("status.storedVersions", None, "must have at least one stored version")
    for index, name in enumerate(stored):
        if name not in known:
            text = (
                f"missing from spec.versions; {name} was previously a storage version, and must "
                "remain in spec.versions until a storage migration ensures no data remains "
                f"persisted in {name} and removes {name} from status.storedVersions"
            )
            yield invalid(f"status.storedVersions[{index}]", name, text)
