"""What every CustomResourceDefinition has in common, and words for schemas of others' kinds. Pure.

`schema` derives the schema of our own kinds from their models; engines that act on kinds of other
projects (Istio, Argo) write theirs by hand, for the fields that they act on. An open object keeps
the fields that it does not name, because a manifest made for the real component must pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.kernel.resource import Manifest, ResourceType

STRING: Manifest = {"type": "string"}
INTEGER: Manifest = {"type": "integer"}
BOOLEAN: Manifest = {"type": "boolean"}
OPEN: Manifest = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def open_object(*, required: Sequence[str] = (), **properties: Manifest) -> Manifest:
    """The schema of an object of which only some fields are known."""
    schema: Manifest = {**OPEN, "properties": properties}
    return {**schema, "required": list(required)} if required else schema


def list_of(items: Manifest) -> Manifest:
    """The schema of a list."""
    return {"type": "array", "items": items}


def object_schema(*, required: Sequence[str] = (), **parts: Manifest) -> Manifest:
    """The schema of a whole object.

    Args:
        required: Parts that must be there.
        parts: Schemas of `spec`, `status` and others beside the metadata.
    """
    schema: Manifest = {
        "type": "object",
        "properties": {
            "apiVersion": STRING,
            "kind": STRING,
            "metadata": {"type": "object"},
            **parts,
        },
    }
    return {**schema, "required": list(required)} if required else schema


def definition(
    type: ResourceType,
    schema: Manifest,
    *,
    short_names: Sequence[str] = (),
    categories: Sequence[str] = (),
    columns: Sequence[Manifest] = (),
    status: bool = True,
    also_served: Sequence[str] = (),
) -> Manifest:
    """Render the CustomResourceDefinition of a kind.

    Args:
        type: The kind; its version is the one that is stored.
        schema: Structural schema of its objects.
        short_names: For `kubectl get`.
        categories: Groups of kinds that `kubectl get` knows.
        columns: `additionalPrinterColumns`.
        status: Whether the status is a subresource.
        also_served: Further versions with the same schema.
    """

    def version(name: str) -> Manifest:
        entry: Manifest = {
            "name": name,
            "served": True,
            "storage": name == type.version,
            "schema": {"openAPIV3Schema": schema},
        }
        if status:
            entry["subresources"] = {"status": {}}
        if columns:
            entry["additionalPrinterColumns"] = list(columns)
        return entry

    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{type.plural}.{type.group}",
            "labels": {"app.kubernetes.io/managed-by": "idp"},
        },
        "spec": {
            "group": type.group,
            "scope": "Namespaced" if type.namespaced else "Cluster",
            "names": {
                "kind": type.kind,
                "listKind": f"{type.kind}List",
                "plural": type.plural,
                "singular": type.kind.lower(),
                "shortNames": list(short_names),
                "categories": list(categories),
            },
            "versions": [version(name) for name in (type.version, *also_served)],
        },
    }
