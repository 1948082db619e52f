from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from multidict import CIMultiDict

from idp.embedded.apiserver.access.authenticate import Authenticator
from idp.embedded.apiserver.access.identity import NOBODY, UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.kernel.errors import Forbidden, InvalidInput, Unauthorized


class Tokens:
    def user_for(self, token: str, audiences: Sequence[str] = ()) -> UserInfo | None:
        return UserInfo("alice", "u1", ("devs",)) if token == "right" else None


@pytest.fixture
def authenticator(objects: Any) -> Authenticator:
    return Authenticator([Tokens()], RbacAuthorizer(objects))


def certificate(user: str, *groups: str) -> dict[str, Any]:
    organizations = tuple((("organizationName", group),) for group in groups)
    return {"subject": (*organizations, (("commonName", user),))}


def headers(*pairs: tuple[str, str]) -> CIMultiDict[str]:
    return CIMultiDict([("Authorization", "Bearer right"), *pairs])


def test_without_a_credential_it_is_nobody(authenticator: Authenticator) -> None:
    assert authenticator.authenticate(CIMultiDict()) == NOBODY


def test_a_certificate_names_user_and_groups(authenticator: Authenticator) -> None:
    user = authenticator.authenticate(CIMultiDict(), certificate("bob", "ops", "devs"))
    assert user == UserInfo("bob", groups=("ops", "devs", "system:authenticated"))


def test_a_certificate_goes_before_a_token(authenticator: Authenticator) -> None:
    assert authenticator.authenticate(headers(), certificate("bob")).name == "bob"


def test_a_certificate_without_a_name_is_nobody(authenticator: Authenticator) -> None:
    assert authenticator.authenticate(CIMultiDict(), certificate("", "system:masters")) == NOBODY


def test_a_token_names_its_user(authenticator: Authenticator) -> None:
    assert authenticator.authenticate(headers()).groups == ("devs", "system:authenticated")


@pytest.mark.parametrize("value", ["Bearer wrong", "bearer " + "x" * 20_000])
def test_a_wrong_token_is_refused(authenticator: Authenticator, value: str) -> None:
    with pytest.raises(Unauthorized):
        authenticator.authenticate(CIMultiDict({"authorization": value}))


def test_a_token_without_an_audience_is_for_this_server(objects: Any) -> None:
    class ForUs:
        def user_for(self, token: str, audiences: Sequence[str] = ()) -> UserInfo | None:
            return None if audiences else UserInfo("alice")

    known = Authenticator([ForUs()], RbacAuthorizer(objects), audiences=["https://me"])
    assert known.user_for_token("any", ["vault"]) is None
    assert known.user_for_token("any", ["vault", "https://me"]) is not None


def test_impersonation_takes_the_right_to_it(authenticator: Authenticator) -> None:
    with pytest.raises(Forbidden) as caught:
        authenticator.authenticate(headers(("Impersonate-User", "bob")))
    assert str(caught.value) == (
        'users "bob" is forbidden: User "alice" cannot impersonate resource "users" '
        'in API group "" at the cluster scope'
    )


def grant(objects: Any, group: str, *resources: str, names: tuple[str, ...] = ()) -> None:
    rule = {"apiGroups": [group], "resources": list(resources), "verbs": ["impersonate"]}
    objects.role("act-as" + group, [rule | ({"resourceNames": list(names)} if names else {})])
    objects.bind("act-as" + group, "User:alice")


def test_an_impersonated_user_has_the_groups_asked_for(
    objects: Any, authenticator: Authenticator
) -> None:
    grant(objects, "", "users", "groups")
    user = authenticator.authenticate(
        headers(("Impersonate-User", "bob"), ("Impersonate-Group", "x"), ("impersonate-group", "y"))
    )
    assert (user.name, user.groups) == ("bob", ("x", "y", "system:authenticated"))
    assert user.impersonator is not None
    assert user.impersonator.name == "alice"


def test_each_group_takes_its_own_right(objects: Any, authenticator: Authenticator) -> None:
    grant(objects, "", "users", "groups", names=("bob", "x"))
    wanted = headers(
        ("Impersonate-User", "bob"),
        ("Impersonate-Group", "x"),
        ("Impersonate-Group", "system:masters"),
    )
    with pytest.raises(Forbidden, match='groups "system:masters" is forbidden'):
        authenticator.authenticate(wanted)


def test_uid_and_extras_take_rights_of_their_own(
    objects: Any, authenticator: Authenticator
) -> None:
    grant(objects, "", "users")
    wanted = headers(
        ("Impersonate-User", "bob"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Extra-Acme.com%2fScope", "read"),
    )
    with pytest.raises(Forbidden, match=r'userextras\.authentication\.k8s\.io "read"'):
        authenticator.authenticate(wanted)
    grant(objects, "authentication.k8s.io", "userextras/acme.com/scope", "uids")
    user = authenticator.authenticate(wanted)
    assert (user.uid, user.extra) == ("7", {"acme.com/scope": ("read",)})


def test_an_impersonated_service_account_brings_its_groups(
    objects: Any, authenticator: Authenticator
) -> None:
    grant(objects, "", "serviceaccounts")
    user = authenticator.authenticate(
        headers(("Impersonate-User", "system:serviceaccount:demo:builder"))
    )
    assert user.groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:demo",
        "system:authenticated",
    )


def test_impersonated_nobody_is_not_authenticated(
    objects: Any, authenticator: Authenticator
) -> None:
    grant(objects, "", "users")
    user = authenticator.authenticate(headers(("Impersonate-User", "system:anonymous")))
    assert user.groups == ("system:unauthenticated",)


def test_groups_without_a_user_are_refused(authenticator: Authenticator) -> None:
    with pytest.raises(InvalidInput):
        authenticator.authenticate(headers(("Impersonate-Group", "x")))
