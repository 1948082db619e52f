"""Role-based access control over the stored Roles and bindings.

The bindings are compiled into an index from subject to grants, once for the cluster scope and once
per namespace. An index is valid as long as the revisions of the kinds that it was made of are the
same. The rules of a role are compiled once per resource version.

Aggregated ClusterRoles are resolved here, at once when a role with a matching label appears.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from idp.embedded.apiserver.access.identity import (
    MASTERS_GROUP,
    UserInfo,
    service_account_user,
)
from idp.embedded.apiserver.access.ports import ObjectLookup
from idp.embedded.apiserver.access.rules import EVERYTHING, Attributes, Rule, quoted, rule_of
from idp.kernel.errors import Forbidden, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.selectors import selects

RBAC_GROUP = "rbac.authorization.k8s.io"

_Versions = tuple[int, int, int]
_MAX_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something is allowed, and why; `reason` may be empty for a refusal."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Grant:
    """What one subject gets from one binding."""

    reason: str
    rules: tuple[Rule, ...]
    error: str


@dataclass(frozen=True, slots=True)
class _Index:
    """The grants of one scope by subject (`User:alice`, `Group:developers`)."""

    versions: _Versions
    grants: dict[str, tuple[_Grant, ...]]


class RbacAuthorizer:
    """Decides by the Roles and bindings that `lookup` shows."""

    def __init__(self, lookup: ObjectLookup) -> None:
        self._lookup = lookup
        self._indexes: dict[str, _Index] = {}
        self._compiled: dict[tuple[str, str], tuple[Rule, ...]] = {}

    def decide(self, user: UserInfo, wanted: Attributes) -> Decision:
        """Whether `user` may do what is wanted."""
        if MASTERS_GROUP in user.groups:
            return Decision(True)
        errors: list[str] = []
        for grant in self._grants(user, wanted.namespace):
            for rule in grant.rules:
                if rule.allows(wanted):
                    return Decision(True, f"RBAC: allowed by {grant.reason}")
            if grant.error and grant.error not in errors:
                errors.append(grant.error)
        if not errors:
            return Decision(False)
        return Decision(False, f"RBAC: {errors[0] if len(errors) == 1 else _bracketed(errors)}")

    def check(self, user: UserInfo, wanted: Attributes) -> None:
        """Raise `Forbidden`, worded as the real server words it, unless `decide` allows."""
        decision = self.decide(user, wanted)
        if not decision.allowed:
            raise forbidden(user, wanted, decision.reason)

    def rules_for(self, user: UserInfo, namespace: str) -> tuple[list[Rule], list[str]]:
        """All rules that hold for a user in a namespace, and what kept others from being read."""
        if MASTERS_GROUP in user.groups:
            return list(EVERYTHING), []
        rules: list[Rule] = []
        errors: list[str] = []
        for grant in self._grants(user, namespace):
            rules += grant.rules
            errors += [grant.error] if grant.error else []
        return rules, errors

    def role_rules(self, kind: str, name: str, namespace: str) -> tuple[Rule, ...]:
        """The rules of a Role of `namespace` or of a ClusterRole, aggregation included.

        Raises:
            NotFound: There is no such role.
        """
        plural = "clusterroles" if kind == "ClusterRole" else "roles"
        scope = "" if kind == "ClusterRole" else namespace
        role = self._lookup.get(RBAC_GROUP, plural, scope, name)
        if role is None:
            raise NotFound(f"{plural}.{RBAC_GROUP} {quoted(name)} not found")
        return self._rules_of(role)

    def _grants(self, user: UserInfo, namespace: str) -> Iterator[_Grant]:
        scopes = [self._index("")]
        if namespace:
            scopes.append(self._index(namespace))
        subjects = [f"User:{user.name}", *(f"Group:{group}" for group in user.groups)]
        for scope in scopes:
            for subject in subjects:
                yield from scope.grants.get(subject, ())

    def _index(self, namespace: str) -> _Index:
        """The index of a namespace, or of the cluster scope for an empty one."""
        bindings = "rolebindings" if namespace else "clusterrolebindings"
        revision = self._lookup.revision
        versions = (
            revision(RBAC_GROUP, bindings),
            revision(RBAC_GROUP, "clusterroles"),
            revision(RBAC_GROUP, "roles") if namespace else 0,
        )
        known = self._indexes.get(namespace)
        if known is not None and known.versions == versions:
            return known
        if len(self._indexes) > _MAX_REMEMBERED:
            self._indexes.clear()
        found = self._lookup.list(RBAC_GROUP, bindings, namespace or None)
        index = self._indexes[namespace] = _Index(versions, self._compile(found))
        return index

    def _compile(self, bindings: Iterable[Manifest]) -> dict[str, tuple[_Grant, ...]]:
        grants: dict[str, tuple[_Grant, ...]] = {}
        for binding in bindings:
            reference = binding["roleRef"]
            namespace = binding["metadata"].get("namespace", "")
            rules: tuple[Rule, ...] = ()
            error = ""
            try:
                rules = self.role_rules(reference["kind"], reference["name"], namespace)
            except NotFound:
                kind = reference["kind"].lower()
                error = f"{kind}.{RBAC_GROUP} {quoted(reference['name'])} not found"
            for subject in binding.get("subjects") or ():
                key = _subject_key(subject, namespace)
                grant = _Grant(_describe(binding, subject), rules, error)
                grants[key] = (*grants.get(key, ()), grant)
        return grants

    def _rules_of(self, role: Manifest) -> tuple[Rule, ...]:
        """The rules of a role and of all roles it aggregates, directly or through others."""
        rules = dict.fromkeys(self._own_rules(role))
        waiting, seen = [role], {role["metadata"]["name"]}
        while waiting:
            current = waiting.pop()
            for other in self._aggregated_by(current):
                if other["metadata"]["name"] not in seen:
                    seen.add(other["metadata"]["name"])
                    rules |= dict.fromkeys(self._own_rules(other))
                    waiting.append(other)
        return tuple(rules)

    def _aggregated_by(self, role: Manifest) -> Iterator[Manifest]:
        selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
        if selectors:
            for other in self._lookup.list(RBAC_GROUP, "clusterroles"):
                labels = other["metadata"].get("labels")
                if any(selects(selector, labels) for selector in selectors):
                    yield other

    def _own_rules(self, role: Manifest) -> tuple[Rule, ...]:
        if role.get("aggregationRule"):
            return ()  # what is written there was aggregated, perhaps a moment ago
        key = (role["metadata"]["uid"], role["metadata"]["resourceVersion"])
        rules = self._compiled.get(key)
        if rules is None:
            if len(self._compiled) > _MAX_REMEMBERED:
                self._compiled.clear()
            rules = self._compiled[key] = tuple(rule_of(r) for r in role.get("rules") or ())
        return rules


def forbidden(user: UserInfo, wanted: Attributes, reason: str = "") -> Forbidden:
    """The refusal of a request, worded exactly as the real server words it."""
    who = f"User {quoted(user.name)} cannot {wanted.verb}"
    if wanted.path:
        text = f"{who} path {quoted(wanted.path)}"
    else:
        where = f"in the namespace {quoted(wanted.namespace)}"
        text = (
            f"{who} resource {quoted(wanted.full_resource)} in API group {quoted(wanted.group)} "
            f"{where if wanted.namespace else 'at the cluster scope'}"
        )
    if reason:
        text += f": {reason}"
    return refusal(wanted.group, wanted.resource, wanted.name, text)


def refusal(group: str, resource: str, name: str, text: str) -> Forbidden:
    """A `Forbidden` about one resource, with the details that clients read."""
    if not resource:
        return Forbidden(f"forbidden: {text}", details={})
    qualified = f"{resource}.{group}" if group else resource
    about = f"{qualified} {quoted(name)}" if name else qualified
    details = {"name": name, "group": group, "kind": resource}
    return Forbidden(
        f"{about} is forbidden: {text}", details={k: v for k, v in details.items() if v}
    )


def _subject_key(subject: Manifest, namespace: str) -> str:
    if subject["kind"] != "ServiceAccount":
        return f"{subject['kind']}:{subject['name']}"
    user = service_account_user(subject.get("namespace") or namespace, subject["name"])
    return f"User:{user}"


def _describe(binding: Manifest, subject: Manifest) -> str:
    meta, role = binding["metadata"], binding["roleRef"]
    if meta.get("namespace"):
        text = f"RoleBinding {quoted(meta['name'] + '/' + meta['namespace'])}"
    else:
        text = f"ClusterRoleBinding {quoted(meta['name'])}"
    name = subject["name"]
    if subject["kind"] == "ServiceAccount":
        name += "/" + (subject.get("namespace") or meta.get("namespace", ""))
    return f"{text} of {role['kind']} {quoted(role['name'])} to {subject['kind']} {quoted(name)}"


def _bracketed(errors: list[str]) -> str:
    return "[" + ", ".join(errors) + "]"
