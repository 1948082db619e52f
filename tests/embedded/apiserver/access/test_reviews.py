from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from idp.embedded.apiserver.access.authenticate import Authenticator
from idp.embedded.apiserver.access.identity import MASTERS_GROUP, UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.reviews import Reviews
from idp.kernel.errors import Invalid, InvalidInput
from idp.kernel.resource import Manifest

ALICE = UserInfo("alice", "u1", ("devs",))
PODS = {"verb": "list", "resource": "pods", "namespace": "demo"}


class Tokens:
    def user_for(self, token: str, audiences: Sequence[str] = ()) -> UserInfo | None:
        fits = not audiences or "vault" in audiences
        return ALICE if token == "right" and fits else None


@pytest.fixture
def reviews(objects: Any) -> Reviews:
    objects.role("reader", [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
    objects.bind("reader", "User:alice", namespace="demo")
    authorizer = RbacAuthorizer(objects)
    return Reviews(authorizer, Authenticator([Tokens()], authorizer))


def review(kind: str, **spec: Any) -> Manifest:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


def test_somebody_elses_access(reviews: Reviews) -> None:
    asked = review("SubjectAccessReview", user="alice", resourceAttributes=PODS)
    answer = reviews.subject_access_review(asked)
    assert answer["spec"] == asked["spec"]
    assert answer["status"]["allowed"] is True
    assert "RoleBinding" in answer["status"]["reason"]
    asked["spec"]["user"] = "bob"
    assert reviews.subject_access_review(asked)["status"] == {"allowed": False}


def test_ones_own_access(reviews: Reviews) -> None:
    asked = review("SelfSubjectAccessReview", resourceAttributes=PODS)
    assert reviews.self_subject_access_review(asked, ALICE)["status"]["allowed"] is True
    paths = review("SelfSubjectAccessReview", nonResourceAttributes={"path": "/x", "verb": "get"})
    assert reviews.self_subject_access_review(paths, ALICE)["status"] == {"allowed": False}


def test_access_in_one_namespace(reviews: Reviews) -> None:
    asked = review("LocalSubjectAccessReview", user="alice", resourceAttributes=PODS)
    assert reviews.local_subject_access_review(asked, "demo")["status"]["allowed"] is True
    with pytest.raises(Invalid, match=r"must match metadata\.namespace"):
        reviews.local_subject_access_review(asked, "other")
    asked = review("LocalSubjectAccessReview", user="alice", nonResourceAttributes={})
    asked["spec"]["nonResourceAttributes"] = {"path": "/x"}
    with pytest.raises(Invalid, match="disallowed"):
        reviews.local_subject_access_review(asked, "demo")


@pytest.mark.parametrize(
    "spec",
    [
        {"resourceAttributes": PODS},
        {"user": "alice"},
        {"user": "a", "resourceAttributes": PODS, "nonResourceAttributes": {"path": "/"}},
    ],
)
def test_unclear_questions_are_refused(reviews: Reviews, spec: Manifest) -> None:
    with pytest.raises(Invalid, match=r"^\.authorization\.k8s\.io"):
        reviews.subject_access_review(review("SubjectAccessReview", **spec))


def test_the_rules_that_hold_for_oneself(reviews: Reviews) -> None:
    asked = review("SelfSubjectRulesReview", namespace="demo")
    assert reviews.self_subject_rules_review(asked, ALICE)["status"] == {
        "resourceRules": [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}],
        "nonResourceRules": [],
        "incomplete": False,
    }
    root = UserInfo("root", groups=(MASTERS_GROUP,))
    everything = reviews.self_subject_rules_review(asked, root)["status"]
    assert everything["nonResourceRules"] == [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
    with pytest.raises(InvalidInput, match="no namespace on request"):
        reviews.self_subject_rules_review(review("SelfSubjectRulesReview"), ALICE)


def test_rules_that_cannot_be_read_are_told(objects: Any, reviews: Reviews) -> None:
    objects.bind("gone", "User:alice", namespace="demo")
    asked = review("SelfSubjectRulesReview", namespace="demo")
    status = reviews.self_subject_rules_review(asked, ALICE)["status"]
    assert status["incomplete"] is True
    assert '"gone" not found' in status["evaluationError"]


def test_who_one_is(reviews: Reviews) -> None:
    answer = reviews.self_subject_review({"kind": "SelfSubjectReview"}, ALICE)
    assert answer["status"]["userInfo"] == {"username": "alice", "uid": "u1", "groups": ["devs"]}


def test_whose_token_it_is(reviews: Reviews) -> None:
    answer = reviews.token_review(review("TokenReview", token="right"))
    assert answer["status"]["authenticated"] is True
    assert answer["status"]["user"]["username"] == "alice"
    answer = reviews.token_review(review("TokenReview", token="wrong"))
    assert answer["status"] == {"user": {}, "error": "invalid bearer token"}
    with pytest.raises(InvalidInput, match="token is required"):
        reviews.token_review(review("TokenReview"))


def test_for_whom_a_token_is(reviews: Reviews) -> None:
    asked = review("TokenReview", token="right", audiences=["vault", "other"])
    assert reviews.token_review(asked)["status"]["audiences"] == ["vault"]
    asked = review("TokenReview", token="right", audiences=["other"])
    assert "authenticated" not in reviews.token_review(asked)["status"]
