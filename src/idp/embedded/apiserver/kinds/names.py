"""Rules for names and labels."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")

_ANNOTATIONS = 256 * 1024
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_QUALIFIED_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)

_STANDARD_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}
_LABEL_NAMES = {"/namespaces"}
_LABEL_1035_NAMES = {"/services"}


def name_causes(resource: str, metadata: Manifest) -> Iterator[Cause]:
    """What is wrong with the name of an object of a resource (`group/plural`)."""
    if base := metadata.get("generateName"):
        # What follows the base ends in a letter or digit: the dash before it is no end.
        yield from _name_causes(resource, "metadata.generateName", base, base.rstrip("-") or base)
    name = metadata.get("name", "")
    yield from _name_causes(resource, "metadata.name", name, name)


def _name_causes(resource: str, field: str, shown: str, name: str) -> Iterator[Cause]:
    if resource.startswith("rbac.authorization.k8s.io/"):
        if name in (".", "..") or "/" in name or "%" in name:
            yield _invalid(field, shown, "may not contain '/' or '%', nor be '.' or '..'")
        return
    pattern, rule, limit = _SUBDOMAIN, _SUBDOMAIN_RULE, 253
    if resource in _LABEL_NAMES:
        pattern, rule, limit = _LABEL, _LABEL_RULE, 63
    elif resource in _LABEL_1035_NAMES:
        pattern, rule, limit = _LABEL_1035, _LABEL_1035_RULE, 63
    if rule is _LABEL_RULE and "." in name:
        yield _invalid(field, shown, "must not contain dots")
    elif not pattern.fullmatch(name):
        yield _invalid(field, shown, rule)
    elif len(name) > limit:
        yield _invalid(field, shown, f"must be no more than {limit} characters")


def label_causes(field: str, name: str) -> Iterator[Cause]:
    """What is wrong with a name that is one label of a domain name."""
    if len(name) > 63:
        yield _invalid(field, name, "must be no more than 63 characters")
    elif not _LABEL.fullmatch(name):
        yield _invalid(field, name, _LABEL_RULE)


def subdomain_causes(field: str, name: str) -> Iterator[Cause]:
    """What is wrong with a domain name."""
    if not _SUBDOMAIN.fullmatch(name):
        yield _invalid(field, name, _SUBDOMAIN_RULE)


def metadata_causes(manifest: Manifest, *, core: bool = False) -> Iterator[Cause]:
    """What is wrong with labels, annotations, finalizers and owners.

    Args:
        manifest: The object.
        core: Its kind is one of Kubernetes itself: finalizers without a domain are refused.
    """
    metadata = manifest["metadata"]
    for key, value in (metadata.get("labels") or {}).items():
        yield from _key_causes("metadata.labels", key)
        if len(value) > 63:
            yield _invalid("metadata.labels", value, "must be no more than 63 characters")
        elif not _VALUE.fullmatch(value):
            yield _invalid("metadata.labels", value, _VALUE_RULE)
    size = 0
    for key, value in (metadata.get("annotations") or {}).items():
        yield from _key_causes("metadata.annotations", key.lower())
        size += len(key) + len(value)
    if size > _ANNOTATIONS:
        text = f"Too long: may not be more than {_ANNOTATIONS} bytes"
        yield Cause("metadata.annotations", text, "FieldValueTooLong")
    for index, finalizer in enumerate(metadata.get("finalizers") or []):
        yield from _key_causes("metadata.finalizers", finalizer)
        if core and "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            yield _invalid(f"metadata.finalizers[{index}]", finalizer, text)
    yield from _owner_causes(metadata.get("ownerReferences") or [])


def _owner_causes(owners: list[Manifest]) -> Iterator[Cause]:
    for owner in owners:
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield _invalid(f"metadata.ownerReferences.{field}", "", "must not be empty")
    controllers = [f"{o.get('kind')}/{o.get('name')}" for o in owners if o.get("controller")]
    if len(controllers) > 1:
        named = " and ".join(controllers)
        text = (
            "Only one reference can have Controller set to true. "
            f'Found "true" in references for {named}'
        )
        shown = orjson.dumps(owners).decode()
        yield Cause("metadata.ownerReferences", f"Invalid value: {shown}: {text}")


def _key_causes(field: str, key: str) -> Iterator[Cause]:
    prefix, slash, name = key.rpartition("/")
    if slash and not _SUBDOMAIN.fullmatch(prefix):
        yield _invalid(field, key, f"prefix part {_SUBDOMAIN_RULE}")
    if not name or not _QUALIFIED.fullmatch(name):
        yield _invalid(field, key, _QUALIFIED_RULE)
    elif len(name) > 63:
        yield _invalid(field, key, "name part must be no more than 63 characters")


def _invalid(field: str, value: str, text: str) -> Cause:
    return Cause(field, f'Invalid value: "{value}": {text}', "FieldValueInvalid")
