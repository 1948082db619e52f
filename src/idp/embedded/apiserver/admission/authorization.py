"""The CEL variable `authorizer`: what else the requesting user may do.

`authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()`. Each
step is a method that takes a map and answers one with another entry; `check` asks the authorizer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from idp.embedded.apiserver.access.identity import (
    UserInfo,
    service_account_groups,
    service_account_user,
)
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.rules import Attributes
from idp.embedded.apiserver.cel.opaque import OPAQUE, Opaque, is_opaque
from idp.kernel.selectors import parse_field_selector, parse_label_selector

_STEPS = ("group", "resource", "subresource", "namespace", "name", "path")
FUNCTIONS = (
    *_STEPS,
    "serviceAccount",
    "fieldSelector",
    "labelSelector",
    "check",
    "allowed",
    "reason",
    "errored",
    "error",
)


def authorizer_variable(request_resource: dict[str, str]) -> Opaque:
    """The variable; `requestResource` begins at the resource of the request itself."""
    check = {OPAQUE: "authorizer", **request_resource}
    return {OPAQUE: "authorizer", "requestResource": check}


def authorizer_functions(
    authorizer: RbacAuthorizer, user: UserInfo
) -> dict[str, Callable[..., Any]]:
    """The methods of the variable, for one user."""

    def check(value: Opaque, verb: str) -> Opaque:
        _require(value, "authorizer")
        fields = {step: value.get(step, "") for step in _STEPS}
        subject = user
        if "account" in value:
            namespace, name = value["account"]
            groups = service_account_groups(namespace)
            subject = UserInfo(service_account_user(namespace, name), groups=groups)
        decision = authorizer.decide(subject.authenticated(), Attributes(verb, **fields))
        return {OPAQUE: "decision", "allowed": decision.allowed, "reason": decision.reason}

    return {
        **{step: _step(step) for step in _STEPS},
        "serviceAccount": lambda value, namespace, name: {**value, "account": [namespace, name]},
        "fieldSelector": _selector(parse_field_selector),
        "labelSelector": _selector(parse_label_selector),
        "check": check,
        "allowed": lambda decision: _require(decision, "decision")["allowed"],
        "reason": lambda decision: _require(decision, "decision")["reason"],
        # RBAC over objects in memory answers always.
        "errored": lambda decision: is_opaque(decision, "error"),
        "error": lambda decision: "",
    }


def _selector(parse: Callable[[str], object]) -> Callable[[Opaque, str], Opaque]:
    """A selector must be well formed; RBAC does not look at it."""

    def take(value: Opaque, text: str) -> Opaque:
        parse(text)
        return _require(value, "authorizer")

    return take


def _step(step: str) -> Callable[[Opaque, str], Opaque]:
    def take(value: Opaque, text: str) -> Opaque:
        _require(value, "authorizer")
        if step in ("resource", "path") and not text.strip():
            raise ValueError(f"{step} must not be empty")
        return {**value, step: text}

    return take


def _require(value: Any, type: str) -> Opaque:
    if not is_opaque(value, type):
        raise ValueError("no such overload")
    found: Opaque = value
    return found
