"""The review kinds: questions about access that are asked by creating an object.

`spec` asks, the answer is the same object with a `status`; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from idp.embedded.apiserver.access.authenticate import Authenticator
from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.rules import Attributes, Rule
from idp.kernel.clock import timestamp, utc_now
from idp.kernel.errors import Cause, Invalid, InvalidInput
from idp.kernel.resource import Manifest


class Reviews:
    """Answers reviews. Every method takes a body and answers a body."""

    def __init__(
        self,
        authorizer: RbacAuthorizer,
        authenticator: Authenticator,
        audiences: Sequence[str] = (),
    ) -> None:
        """Compose.

        Args:
            authorizer: Answers who may do what.
            authenticator: Answers whose token it is.
            audiences: Of this server.
        """
        self._audiences = tuple(audiences)
        self._authorizer = authorizer
        self._authenticator = authenticator

    def subject_access_review(self, body: Manifest) -> Manifest:
        """Whether somebody else may do something. Raises `Invalid`."""
        spec = body.get("spec") or {}
        if not spec.get("user") and not spec.get("groups"):
            detail = 'Invalid value: "": at least one of user or group must be specified'
            raise _invalid(body, Cause("spec.user", detail))
        extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
        groups = tuple(spec.get("groups") or ())
        user = UserInfo(spec.get("user") or "", spec.get("uid") or "", groups, extra)
        return self._answered(body, user)

    def local_subject_access_review(self, body: Manifest, namespace: str) -> Manifest:
        """The same inside one namespace, for those who may ask only there. Raises `Invalid`."""
        spec = body.get("spec") or {}
        if spec.get("nonResourceAttributes"):
            detail = "Invalid value: disallowed on this kind of request"
            raise _invalid(body, Cause("spec.nonResourceAttributes", detail))
        asked = (spec.get("resourceAttributes") or {}).get("namespace", "")
        if asked != namespace:
            detail = f'Invalid value: "{asked}": must match metadata.namespace'
            raise _invalid(body, Cause("spec.resourceAttributes.namespace", detail))
        return self.subject_access_review(body)

    def self_subject_access_review(self, body: Manifest, user: UserInfo) -> Manifest:
        """Whether the asker may do something. Raises `Invalid`."""
        return self._answered(body, user)

    def self_subject_rules_review(self, body: Manifest, user: UserInfo) -> Manifest:
        """What the asker may do in a namespace. Raises `InvalidInput`."""
        namespace = (body.get("spec") or {}).get("namespace") or ""
        if not namespace:
            raise InvalidInput("no namespace on request")
        rules, errors = self._authorizer.rules_for(user, namespace)
        status: Manifest = {
            "resourceRules": [_resource_rule(rule) for rule in rules if rule.resources],
            "nonResourceRules": [_path_rule(rule) for rule in rules if rule.urls],
            "incomplete": bool(errors),
        }
        if errors:
            status["evaluationError"] = "; ".join(errors)
        return {**body, "status": status}

    def self_subject_review(self, body: Manifest, user: UserInfo) -> Manifest:
        """Who the asker is."""
        metadata = {**(body.get("metadata") or {}), "creationTimestamp": timestamp(utc_now())}
        return {**body, "metadata": metadata, "status": {"userInfo": user.manifest()}}

    async def learn(self, body: Manifest) -> None:
        """Await this before `token_review`."""
        await self._authenticator.learn_token(str((body.get("spec") or {}).get("token") or ""))

    def token_review(self, body: Manifest) -> Manifest:
        """Whose token it is, for services that are shown one. Raises `InvalidInput`."""
        spec = body.get("spec") or {}
        token = spec.get("token") or ""
        if not token:
            raise InvalidInput("token is required for TokenReview in authentication")
        audiences = list(spec.get("audiences") or ())
        user = self._authenticator.user_for_token(token, audiences)
        if user is None:
            return {**body, "status": {"user": {}, "error": "invalid bearer token"}}
        status: Manifest = {"authenticated": True, "user": user.manifest()}
        # A token that is for no audience in particular is for this server.
        valid = [
            audience
            for audience in audiences or self._audiences
            if self._authenticator.user_for_token(token, [audience]) is not None
        ]
        if valid:
            status["audiences"] = valid
        return {**body, "status": status}

    def _answered(self, body: Manifest, user: UserInfo) -> Manifest:
        decision = self._authorizer.decide(user, _attributes(body))
        status: Manifest = {"allowed": decision.allowed}
        if decision.reason:
            status["reason"] = decision.reason
        return {**body, "status": status}


def _attributes(body: Manifest) -> Attributes:
    spec = body.get("spec") or {}
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        shown = orjson.dumps({"Path": path.get("path", ""), "Verb": path.get("verb", "")}).decode()
        detail = (
            f"Invalid value: {shown}: cannot be specified in combination with resourceAttributes"
        )
        raise _invalid(body, Cause("spec.nonResourceAttributes", detail))
    if path is not None:
        return Attributes(path.get("verb") or "", path=path.get("path") or "")
    if resource is None:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise _invalid(body, Cause("spec.resourceAttributes", f"Invalid value: null: {detail}"))
    names = ("verb", "group", "resource", "subresource", "namespace", "name")
    return Attributes(**{name: resource.get(name) or "" for name in names})


def _resource_rule(rule: Rule) -> Manifest:
    return {
        "verbs": list(rule.verbs),
        "apiGroups": list(rule.groups),
        "resources": list(rule.resources),
        **({"resourceNames": list(rule.names)} if rule.names else {}),
    }


def _path_rule(rule: Rule) -> Manifest:
    return {"verbs": list(rule.verbs), "nonResourceURLs": list(rule.urls)}


def _invalid(body: Manifest, cause: Cause) -> Invalid:
    """The error for a wrong review. The real server leaves its kind out."""
    group, _, _ = body.get("apiVersion", "").partition("/")
    return Invalid(
        f'.{group} "" is invalid: {cause.field}: {cause.message}',
        causes=[cause],
        details={"group": group},
    )
