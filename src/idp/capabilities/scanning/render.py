"""The profiles that environments start with, and honest names on exceptions. Pure."""

from __future__ import annotations

from idp.capabilities.scanning.kinds import (
    DEMANDED,
    PROFILE,
    SecurityProfile,
    VulnerabilityException,
)
from idp.kernel.admission import validating_policy
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest

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

_APPROVER = "(has({0}.spec.approver) ? {0}.spec.approver : '')"
_NEW, _OLD = _APPROVER.format("object"), _APPROVER.format("oldObject")
_AUTHOR = (
    "request.operation != 'CREATE' || object.spec.author == request.userInfo.username",
    "spec.author must be you: an exception is asked for in one's own name",
)
_WAITS = (
    f"request.operation != 'CREATE' || {_NEW} == ''",
    "a new exception has no approver: somebody else adds it",
)
_IN_OWN_NAME = (
    f"request.operation != 'UPDATE' || {_NEW} == {_OLD} || {_NEW} == request.userInfo.username",
    "spec.approver must be you: an exception is approved in one's own name",
)
_MAY_APPROVE = (
    f"request.operation != 'UPDATE' || {_NEW} == {_OLD} || "
    f"authorizer.group('{VulnerabilityException.type().group}')"
    f".resource('{VulnerabilityException.type().plural}').namespace(object.metadata.namespace)"
    ".name(object.metadata.name).check('approve').allowed()",
    "you may not approve this exception: it takes the verb approve on "
    "vulnerabilityexceptions.platform.idp",
)


def default_profile(environment: str) -> Manifest:
    """The SecurityProfile that an environment starts with; unknown ones are as production."""
    spec = _DEFAULTS.get(environment, _DEFAULTS["production"])
    return render(SecurityProfile.type(), PROFILE, spec=spec)


def admission_policies() -> list[Manifest]:
    """Who asks for an exception and who approves it say who they are."""
    validations = [_AUTHOR, _WAITS, _IN_OWN_NAME, _MAY_APPROVE]
    return validating_policy(
        VulnerabilityException.type().plural,
        VulnerabilityException.type(),
        validations,
        ("CREATE", "UPDATE"),
    )
