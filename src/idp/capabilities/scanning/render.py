"""The profiles that environments start with, and honest names on exceptions. Pure."""

from __future__ import annotations

from idp.capabilities.scanning.kinds import (
    DEMANDED,
    PROFILE,
    Remediation,
    SecurityProfile,
    SecurityProfileChange,
    VulnerabilityException,
)
from idp.kernel.admission import validating_policy
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest, ResourceType

_VERIFIED = [*DEMANDED, "verified"]
_ATTESTED = dict.fromkeys(("bandit", "secrets", "image", "infrastructure"), "attested")
_LENIENT = {
    "critical": "deny",
    "high": "approve",
    "medium": "track",
    "low": "record",
    "unscored": "track",
}
_STRICT = {**_LENIENT, "high": "deny", "unscored": "deny"}
_DEFAULTS: dict[str, Manifest] = {
    # Everything runs where code arrives, so that authors hear of it first.
    "development": {
        "tools": dict.fromkeys((*_ATTESTED, "dependencies"), "run"),
        "severity": {**_LENIENT, "high": "track"},
        "incomplete": "track",
    },
    # Focused: advisories appear every day, the bytes are the same.
    "staging": {
        "tools": {**_ATTESTED, "dependencies": "run"},
        "severity": _LENIENT,
        "incomplete": "track",
    },
    # Minimal: what staging judged of the code is not judged again; signatures and the chain of
    # environments are demanded.
    "uat": {
        "tools": {
            **dict.fromkeys(_ATTESTED, "off"),
            "secrets": "attested",
            "dependencies": "run",
        },
        "severity": _LENIENT,
        "incomplete": "approve",
        "evidence": _VERIFIED,
    },
    # Verification only: no scanner touches the image. Its attested bill of materials is compared
    # with the advisories of the day, and what was attested is judged strictly.
    "production": {
        "tools": {**_ATTESTED, "dependencies": "run"},
        "severity": _STRICT,
        "incomplete": "approve",
        "evidence": _VERIFIED,
    },
}

_PLATFORM = "(has(request.userInfo.groups) && 'system:masters' in request.userInfo.groups)"
_THROUGH_GIT = (
    _PLATFORM,
    "rules are changed through Git, by two people: `idp-cli security profile set` asks, "
    "`idp-cli security profile approve` agrees",
)


_AUTHOR = (
    "object.spec.author == request.userInfo.username",
    "spec.author must be you: a remediation is asked for in one's own name",
)


def default_profile(environment: str) -> Manifest:
    """The SecurityProfile that an environment starts with; unknown ones are as production."""
    spec = _DEFAULTS.get(environment, _DEFAULTS["production"])
    return render(SecurityProfile.type(), PROFILE, spec=spec)


def admission_policies() -> list[Manifest]:
    """Who asks and who approves say who they are; profiles are written by the platform only."""
    exceptions, changes = VulnerabilityException.type(), SecurityProfileChange.type()
    asked = ("CREATE", "UPDATE")
    profiles = SecurityProfile.type()
    return [
        *validating_policy(
            exceptions.plural, exceptions, _two_people(exceptions, "an exception"), asked
        ),
        *validating_policy(
            changes.plural, changes, _two_people(changes, "a change of rules"), asked
        ),
        *validating_policy(Remediation.type().plural, Remediation.type(), [_AUTHOR]),
        *validating_policy(
            profiles.plural, profiles, [_THROUGH_GIT], ("CREATE", "UPDATE", "DELETE")
        ),
    ]


def _two_people(type: ResourceType, noun: str) -> list[tuple[str, str]]:
    """One asks in their own name; another, who has the verb `approve`, agrees in theirs."""
    approver = "(has({0}.spec.approver) ? {0}.spec.approver : '')"
    new, old = approver.format("object"), approver.format("oldObject")
    approves = f"request.operation != 'UPDATE' || {new} == {old}"
    place = ".namespace(object.metadata.namespace)" if type.namespaced else ""
    return [
        (
            "request.operation != 'CREATE' || object.spec.author == request.userInfo.username",
            f"spec.author must be you: {noun} is asked for in one's own name",
        ),
        (
            f"request.operation != 'CREATE' || {new} == ''",
            f"{noun} has no approver when it is new: somebody else adds it",
        ),
        (
            f"{approves} || {new} == request.userInfo.username",
            f"spec.approver must be you: {noun} is approved in one's own name",
        ),
        (
            f"{approves} || authorizer.group('{type.group}').resource('{type.plural}'){place}"
            ".name(object.metadata.name).check('approve').allowed()",
            f"you may not approve this: it takes the verb approve on {type.plural}.{type.group}",
        ),
    ]
