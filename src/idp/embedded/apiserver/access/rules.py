"""RBAC policy rules, compiled for speed, and the arithmetic of rights. Pure.

A rule grants every combination of its verbs, API groups and resources (or of its verbs and
non-resource URLs). `missing` splits rules into such single combinations to tell which of them
somebody does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from idp.kernel.resource import Manifest


@dataclass(frozen=True, slots=True)
class Attributes:
    """What somebody wants to do.

    Attributes:
        verb: Such as `get`, or a verb of ours such as `promote`; lower-case HTTP method for a path.
        group: API group; empty for the core group.
        resource: Plural; empty when `path` is asked for.
        subresource: Such as `status`; empty for the object itself.
        namespace: Empty for the cluster scope, or for all namespaces.
        name: Empty for a collection.
        path: A non-resource URL such as `/healthz`; empty for a resource.
    """

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        """`resource` or `resource/subresource`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class Rule:
    """One `rbac.authorization.k8s.io/v1 PolicyRule`."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    def allows(self, wanted: Attributes) -> bool:
        """Whether the rule grants what is wanted."""
        if wanted.verb not in self.verbs and "*" not in self.verbs:
            return False
        if wanted.path:
            return any(_url_matches(url, wanted.path) for url in self.urls)
        return (
            (wanted.group in self.groups or "*" in self.groups)
            and self._matches_resource(wanted)
            and (not self.names or wanted.name in self.names)
        )

    def _matches_resource(self, wanted: Attributes) -> bool:
        resources = self.resources
        if "*" in resources or wanted.full_resource in resources:
            return True
        return bool(wanted.subresource) and f"*/{wanted.subresource}" in resources

    def covers(self, single: Rule) -> bool:
        """Whether the rule includes a rule of one combination (see `combinations`)."""
        if not _includes(self.verbs, single.verbs):
            return False
        if single.urls:
            return all(any(_url_matches(own, url) for own in self.urls) for url in single.urls)
        if not _includes(self.groups, single.groups):
            return False
        if not all(_resource_covered(self.resources, r) for r in single.resources):
            return False
        return not self.names or (bool(single.names) and set(single.names) <= set(self.names))

    def manifest(self) -> Manifest:
        """As the API writes it; empty lists are left out."""
        fields = {
            "verbs": self.verbs,
            "apiGroups": self.groups,
            "resources": self.resources,
            "resourceNames": self.names,
            "nonResourceURLs": self.urls,
        }
        return {name: list(values) for name, values in fields.items() if values}

    def __str__(self) -> str:
        fields = {
            "APIGroups": self.groups,
            "Resources": self.resources,
            "NonResourceURLs": self.urls,
            "ResourceNames": self.names,
            "Verbs": self.verbs,
        }
        return "{" + ", ".join(f"{n}:{quoted_list(v)}" for n, v in fields.items() if v) + "}"


EVERYTHING = (Rule(("*",), ("*",), ("*",)), Rule(("*",), urls=("*",)))
"""Every right there is."""


def rule_of(manifest: Manifest) -> Rule:
    """Compile one rule of a Role or ClusterRole."""
    return Rule(
        tuple(manifest.get("verbs") or ()),
        tuple(manifest.get("apiGroups") or ()),
        tuple(manifest.get("resources") or ()),
        tuple(manifest.get("resourceNames") or ()),
        tuple(manifest.get("nonResourceURLs") or ()),
    )


def combinations(rule: Rule) -> Iterator[Rule]:
    """Split a rule into rules of one verb, one group, one resource, at most one name each."""
    for verb in rule.verbs:
        for url in rule.urls:
            yield Rule((verb,), urls=(url,))
        for group in rule.groups:
            for resource in rule.resources:
                single = Rule((verb,), (group,), (resource,))
                if not rule.names:
                    yield single
                for name in rule.names:
                    yield replace(single, names=(name,))


def missing(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """The single combinations of `wanted` that no rule of `held` covers."""
    return [
        single
        for rule in wanted
        for single in combinations(rule)
        if not any(own.covers(single) for own in held)
    ]


def compact(rules: Iterable[Rule]) -> list[Rule]:
    """Join rules that differ only in their verbs, for messages that people read."""
    joined: dict[Rule, list[str]] = {}
    for rule in rules:
        verbs = joined.setdefault(replace(rule, verbs=()), [])
        verbs += [verb for verb in rule.verbs if verb not in verbs]
    return [replace(rule, verbs=tuple(verbs)) for rule, verbs in joined.items()]


def quoted(text: str) -> str:
    """A string in double quotes, as the real server words its messages."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def quoted_list(texts: Iterable[str]) -> str:
    """Strings in double quotes, in brackets, separated by spaces."""
    return "[" + " ".join(quoted(text) for text in texts) + "]"


def _includes(own: Sequence[str], wanted: Sequence[str]) -> bool:
    return "*" in own or all(item in own for item in wanted)


def _resource_covered(own: Sequence[str], wanted: str) -> bool:
    if "*" in own or wanted in own:
        return True
    _, slash, subresource = wanted.partition("/")
    return bool(slash) and f"*/{subresource}" in own


def _url_matches(pattern: str, path: str) -> bool:
    if pattern == "*" or pattern == path:
        return True
    return pattern.endswith("*") and path.startswith(pattern.rstrip("*"))
