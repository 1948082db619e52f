"""`Application` as this engine reads it, and by name what it does not do. Pure.

Fields: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from idp.kernel.errors import Cause, Invalid
from idp.kernel.resource import Manifest

IN_CLUSTER = ("https://kubernetes.default.svc", "in-cluster")
FINALIZER = "resources-finalizer.argocd.argoproj.io"

_SYNC_OPTIONS = {
    "CreateNamespace=true",
    "CreateNamespace=false",
    "ServerSideApply=true",
    "ApplyOutOfSyncOnly=true",
    "PruneLast=true",
    "Prune=true",
    "Prune=false",
    "FailOnSharedResource=true",
    "PrunePropagationPolicy=foreground",
    "PrunePropagationPolicy=background",
    "PrunePropagationPolicy=orphan",
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failed sync is tried again, and after how long.

    Attributes:
        limit: Number of further attempts; negative means without end.
        duration: Seconds before the first of them.
        factor: By which that time grows.
        longest: Cap of that time in seconds.
    """

    limit: int = 5
    duration: float = 5.0
    factor: float = 2.0
    longest: float = 180.0

    def delay(self, attempts: int) -> float:
        """Seconds to wait after so many failed attempts."""
        return float(min(self.duration * self.factor ** max(attempts - 1, 0), self.longest))


@dataclass(frozen=True, slots=True)
class Source:
    """A directory of a repository at a revision."""

    repository: str
    revision: str
    path: str
    recurse: bool = False
    include: str = ""
    exclude: str = ""


@dataclass(frozen=True, slots=True)
class IgnoredDifference:
    """Fields that are not compared, as JSON pointers, of objects that match."""

    group: str
    kind: str
    name: str
    namespace: str
    pointers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """The parts of an `Application` that decide what is done.

    Attributes:
        automated: Sync without being asked.
        prune: Delete what is no longer in Git.
        self_heal: Undo changes that did not come from Git.
        allow_empty: Prune even when nothing is left.
        history_limit: How many deployments `status.history` holds.
    """

    name: str
    namespace: str
    source: Source
    destination: str
    automated: bool = False
    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False
    options: frozenset[str] = frozenset()
    retry: Retry = field(default_factory=Retry)
    ignored: tuple[IgnoredDifference, ...] = ()
    history_limit: int = 10


def parse(manifest: Manifest) -> Application:
    """Read an `Application`.

    Raises:
        Invalid: Something is missing or malformed, or is asked that this engine does not do; one
            cause for each.
    """
    spec = manifest.get("spec") or {}
    if causes := [*_missing(spec), *_unsupported(spec)]:
        raise Invalid("; ".join(cause.message for cause in causes), causes=causes)
    source, meta = spec["source"], manifest["metadata"]
    directory = source.get("directory") or {}
    policy = spec.get("syncPolicy") or {}
    automated = policy.get("automated")
    revision = source.get("targetRevision") or "HEAD"
    return Application(
        name=meta["name"],
        namespace=meta.get("namespace", "default"),
        source=Source(
            repository=source["repoURL"],
            revision="main" if revision == "HEAD" else revision,
            path=source.get("path", "").strip("/").removeprefix("./").removesuffix("."),
            recurse=bool(directory.get("recurse")),
            include=directory.get("include") or "",
            exclude=directory.get("exclude") or "",
        ),
        destination=spec["destination"]["namespace"],
        automated=automated is not None and automated.get("enabled", True),
        prune=bool((automated or {}).get("prune")),
        self_heal=bool((automated or {}).get("selfHeal")),
        allow_empty=bool((automated or {}).get("allowEmpty")),
        options=frozenset(policy.get("syncOptions") or ()),
        retry=_retry(policy.get("retry")),
        ignored=tuple(
            IgnoredDifference(
                group=entry.get("group", ""),
                kind=entry["kind"],
                name=entry.get("name", ""),
                namespace=entry.get("namespace", ""),
                pointers=tuple(entry.get("jsonPointers") or ()),
            )
            for entry in spec.get("ignoreDifferences") or ()
        ),
        history_limit=spec.get("revisionHistoryLimit", 10),
    )


def _missing(spec: Manifest) -> Iterator[Cause]:
    source, destination = spec.get("source") or {}, spec.get("destination") or {}
    if not source.get("repoURL") and not spec.get("sources"):
        yield Cause("spec.source.repoURL", "spec.source.repoURL is missing", "FieldValueRequired")
    if not destination.get("namespace"):
        yield Cause(
            "spec.destination.namespace",
            "spec.destination.namespace is missing: it is the only namespace that is deployed to",
            "FieldValueRequired",
        )


def _unsupported(spec: Manifest) -> Iterator[Cause]:
    def refuse(path: str, instead: str) -> Cause:
        message = f"spec.{path} is not supported on one machine: {instead}"
        return Cause(f"spec.{path}", message, "FieldValueNotSupported")

    source = spec.get("source") or {}
    if spec.get("sources"):
        yield refuse("sources", "use one source")
    for name in ("helm", "kustomize", "plugin", "chart", "ref"):
        if source.get(name):
            yield refuse(f"source.{name}", "commit the rendered manifests to a directory")
    if (source.get("directory") or {}).get("jsonnet"):
        yield refuse("source.directory.jsonnet", "commit the rendered manifests")
    destination = spec.get("destination") or {}
    for name in ("server", "name"):
        if (value := destination.get(name)) and value not in IN_CLUSTER:
            yield refuse(f"destination.{name} {value!r}", f"use {' or '.join(IN_CLUSTER)}")
    for option in (spec.get("syncPolicy") or {}).get("syncOptions") or ():
        if option not in _SYNC_OPTIONS:
            yield refuse(f"syncPolicy.syncOptions {option!r}", "leave it out")
    if (spec.get("syncPolicy") or {}).get("managedNamespaceMetadata"):
        yield refuse("syncPolicy.managedNamespaceMetadata", "commit the Namespace")
    for entry in spec.get("ignoreDifferences") or ():
        for name in ("jqPathExpressions", "managedFieldsManagers"):
            if entry.get(name):
                yield refuse(f"ignoreDifferences.{name}", "use jsonPointers")
    if spec.get("sourceHydrator"):
        yield refuse("sourceHydrator", "use source")


def _retry(policy: dict[str, Any] | None) -> Retry:
    if policy is None:
        return Retry()
    backoff = policy.get("backoff") or {}
    return Retry(
        limit=int(policy.get("limit", 5)),
        duration=seconds(backoff.get("duration", "5s")),
        factor=float(backoff.get("factor", 2)),
        longest=seconds(backoff.get("maxDuration", "3m")),
    )


def seconds(duration: str | int) -> float:
    """Read a duration such as `1m30s`; a bare number is seconds.

    Raises:
        Invalid: It is not one.
    """
    text = str(duration)
    if text.isdecimal():
        return float(text)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Invalid(f"{text[:40]!r} is not a duration such as 30s or 5m")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
