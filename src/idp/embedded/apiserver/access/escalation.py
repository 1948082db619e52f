"""Nobody grants what they do not hold.

Whoever writes a Role must hold every right in it, or have the verb `escalate` on roles; whoever
writes a binding must hold every right of the role it names, or have the verb `bind` on that role.
A role that aggregates others can come to hold anything, so it takes every right there is.
"""

from __future__ import annotations

from collections.abc import Iterable

from idp.embedded.apiserver.access.identity import MASTERS_GROUP, UserInfo
from idp.embedded.apiserver.access.rbac import RBAC_GROUP, RbacAuthorizer, refusal
from idp.embedded.apiserver.access.rules import (
    EVERYTHING,
    Attributes,
    Rule,
    compact,
    missing,
    quoted,
    quoted_list,
    rule_of,
)
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest

_PLURALS = {
    "Role": "roles",
    "ClusterRole": "clusterroles",
    "RoleBinding": "rolebindings",
    "ClusterRoleBinding": "clusterrolebindings",
}


def check_escalation(
    authorizer: RbacAuthorizer, user: UserInfo, new: Manifest, old: Manifest | None = None
) -> None:
    """Check a Role, ClusterRole or binding that `user` is about to write.

    Args:
        authorizer: Answers what the user holds.
        user: Who writes.
        new: The object as it would be stored.
        old: The object as it is; None when it is being created.

    Raises:
        Forbidden: The user would grant rights that they do not hold.
        NotFound: A binding names a role that does not exist, and the user may not `bind` it.
    """
    if MASTERS_GROUP in user.groups or (old is not None and _same_grants(new, old)):
        return
    if new["kind"] in ("Role", "ClusterRole"):
        _check_role(authorizer, user, new, old)
    else:
        _check_binding(authorizer, user, new)


def _same_grants(new: Manifest, old: Manifest) -> bool:
    fields = ("rules", "aggregationRule", "subjects", "roleRef")
    return all((new.get(field) or None) == (old.get(field) or None) for field in fields)


def _check_role(
    authorizer: RbacAuthorizer, user: UserInfo, new: Manifest, old: Manifest | None
) -> None:
    namespace = new["metadata"].get("namespace", "")
    plural = _PLURALS[new["kind"]]
    # On create the real server asks without a name: a `escalate` right bound to names is for
    # changing those roles, not for making them.
    name = new["metadata"]["name"] if old is not None else ""
    wanted = Attributes("escalate", RBAC_GROUP, plural, namespace=namespace, name=name)
    if authorizer.decide(user, wanted).allowed:
        return
    rules = [rule_of(rule) for rule in new.get("rules") or ()]
    _check_holds(authorizer, user, namespace, rules, new)
    if new.get("aggregationRule") or (old or {}).get("aggregationRule"):
        held, _ = authorizer.rules_for(user, "")
        if missing(held, EVERYTHING):
            raise _refused(new, "must have cluster-admin privileges to use the aggregationRule")


def _check_binding(authorizer: RbacAuthorizer, user: UserInfo, new: Manifest) -> None:
    namespace = new["metadata"].get("namespace", "")
    kind, name = new["roleRef"]["kind"], new["roleRef"]["name"]
    wanted = Attributes("bind", RBAC_GROUP, _PLURALS.get(kind, ""), namespace=namespace, name=name)
    if authorizer.decide(user, wanted).allowed:
        return
    try:
        rules = authorizer.role_rules(kind, name, namespace)
    except NotFound as error:
        # The real server names the kind of the request, not the one of the role.
        plural = _PLURALS[new["kind"]]
        details = {"name": name, "group": RBAC_GROUP, "kind": plural}
        raise NotFound(
            f"{plural}.{RBAC_GROUP} {quoted(name)} not found", details=details
        ) from error
    _check_holds(authorizer, user, namespace, rules, new)


def _check_holds(
    authorizer: RbacAuthorizer,
    user: UserInfo,
    namespace: str,
    rules: Iterable[Rule],
    new: Manifest,
) -> None:
    held, errors = authorizer.rules_for(user, namespace)
    lacking = missing(held, rules)
    if not lacking:
        return
    text = (
        f"user {quoted(user.name)} (groups={quoted_list(user.groups)}) is attempting to grant "
        "RBAC permissions not currently held:\n"
        + "\n".join(sorted(str(rule) for rule in compact(lacking)))
    )
    if errors:
        text += f"; resolution errors: [{', '.join(errors)}]"
    raise _refused(new, text)


def _refused(new: Manifest, text: str) -> Exception:
    return refusal(RBAC_GROUP, _PLURALS[new["kind"]], new["metadata"]["name"], text)
