"""What kube-apiserver 1.36 answered to the same changes."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.admission.signing_requests import (
    check_right,
    decision_causes,
    keep_decided,
    set_requester,
)
from idp.kernel.errors import Forbidden
from idp.kernel.resource import Manifest

SIGNER = "example.com/team/signer"
NOW = "2026-11-25T00:00:00Z"
BOB = UserInfo("bob", "7", ("devs",))


def condition(type_: str, status: str = "True", **fields: str) -> Manifest:
    return {"type": type_, "status": status, **fields}


def request(*conditions: Manifest, certificate: str | None = None) -> Manifest:
    status: Manifest = {"conditions": list(conditions)} if conditions else {}
    if certificate is not None:
        status["certificate"] = certificate
    return {"metadata": {"name": "r"}, "spec": {"signerName": SIGNER}, "status": status}


FAILED = request(condition("Failed"))


@pytest.mark.parametrize(
    ("new", "old", "subresource", "causes"),
    [
        (request(condition("Approved")), request(), "approval", []),
        (request(condition("Denied")), request(), "approval", []),
        (request(condition("Approved"), condition("Mine")), request(), "approval", []),
        (request(condition("Failed")), request(), "status", []),
        (
            request(condition("Approved", "False"), condition("Failed")),
            FAILED,
            "approval",
            ['Unsupported value: "False": supported values: "True"'],
        ),
        (
            request(condition("Approved"), condition("Denied")),
            request(),
            "approval",
            ['Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
        ),
        (
            request({"type": "Approved"}, condition("Approved")),
            request(),
            "approval",
            ["Required value", 'Duplicate value: "Approved"'],
        ),
        (request(condition("")), request(), "approval", ["Required value"]),
        (
            request(),
            FAILED,
            "approval",
            ['Forbidden: updates may not remove a condition of type "Failed"'],
        ),
        (
            request(condition("Approved")),
            request(),
            "status",
            ['Forbidden: updates may not add a condition of type "Approved"'],
        ),
        (
            request(condition("Failed")),
            request(),
            "approval",
            ['Forbidden: updates may not add a condition of type "Failed"'],
        ),
        (
            request(certificate=base64.b64encode(b"nope").decode()),
            request(),
            "status",
            [
                'Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM '
                "block"
            ],
        ),
        (
            request(),
            request(certificate="x"),
            "status",
            ["Forbidden: updates may not change certificate once set"],
        ),
    ],
)
def test_what_may_be_decided(
    new: Manifest, old: Manifest, subresource: str, causes: list[str]
) -> None:
    assert [cause.message for cause in decision_causes(new, old, subresource)] == causes


def test_a_decision_touches_nothing_else() -> None:
    old = request(condition("Mine", lastUpdateTime="then", lastTransitionTime="then"))
    new = request(condition("Mine"), condition("Approved"), certificate="forged")
    new["spec"] = {"signerName": "example.com/other", "username": "admin"}
    keep_decided(new, old, "approval", NOW)
    assert new["spec"] == old["spec"]
    assert "certificate" not in new["status"]
    times = [c["lastTransitionTime"] for c in new["status"]["conditions"]]
    assert times == ["then", NOW]


def test_the_requester_is_who_asks() -> None:
    new: Manifest = {"spec": {"username": "admin", "groups": ["system:masters"], "extra": {}}}
    set_requester(new, BOB)
    assert new["spec"] == {"username": "bob", "uid": "7", "groups": ["devs"]}


@pytest.mark.parametrize(
    ("new", "subresource", "verb"),
    [
        (request(condition("Approved")), "approval", "approve"),
        (request(certificate="x"), "status", "sign"),
        (request(condition("Failed")), "status", "sign"),
    ],
)
@pytest.mark.parametrize("name", [SIGNER, "example.com/*"])
def test_deciding_takes_the_right_for_the_signer(
    objects: Any, new: Manifest, subresource: str, verb: str, name: str
) -> None:
    authorizer = RbacAuthorizer(objects)
    with pytest.raises(Forbidden, match=f"not permitted to {verb} requests with signerName"):
        check_right(authorizer, BOB, new, request(), subresource)
    rule = {
        "apiGroups": ["certificates.k8s.io"],
        "resources": ["signers"],
        "verbs": [verb],
        "resourceNames": [name],
    }
    objects.role("signer", [rule])
    objects.bind("signer", "User:bob")
    check_right(authorizer, BOB, new, request(), subresource)


def test_a_status_without_an_outcome_takes_no_right(objects: Any) -> None:
    noted = request(condition("Noted"))
    check_right(RbacAuthorizer(objects), BOB, noted, request(), "status")
