from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.embedded.apiserver.access.service_account_tokens import (
    ServiceAccountTokens,
    open_signing_key,
)
from idp.embedded.apiserver.access.token_request import token_request
from idp.kernel.errors import Conflict, Invalid, InvalidInput, NotFound
from idp.kernel.resource import Manifest


@pytest.fixture
def tokens(objects: Any, tmp_path: Path) -> ServiceAccountTokens:
    meta = {"name": "sa", "namespace": "demo"}
    objects.put("serviceaccounts", {"apiVersion": "v1", "metadata": meta})
    for name, account in (("p", "sa"), ("stranger", "other")):
        pod = {"name": name, "namespace": "demo"}
        objects.put(
            "pods", {"apiVersion": "v1", "metadata": pod, "spec": {"serviceAccountName": account}}
        )
    return ServiceAccountTokens(objects, open_signing_key(tmp_path / "k"), issuer="https://me")


def ask(objects: Any, tokens: ServiceAccountTokens, name: str = "sa", **spec: Any) -> Manifest:
    return token_request(tokens, objects, "demo", name, {"spec": spec})


def test_a_token_is_issued(objects: Any, tokens: ServiceAccountTokens) -> None:
    answer = ask(objects, tokens)
    assert answer["spec"]["expirationSeconds"] == 3600
    assert answer["spec"]["audiences"] == ["https://me"]
    assert answer["status"]["expirationTimestamp"].endswith("Z")
    assert tokens.user_for(answer["status"]["token"]) is not None


def test_a_token_for_others_and_longer(objects: Any, tokens: ServiceAccountTokens) -> None:
    answer = ask(objects, tokens, audiences=["vault"], expirationSeconds=10_000_000)
    assert answer["spec"]["expirationSeconds"] == 86_400
    assert tokens.user_for(answer["status"]["token"], ["vault"]) is not None


def test_a_token_bound_to_a_pod(objects: Any, tokens: ServiceAccountTokens) -> None:
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p"}
    token = ask(objects, tokens, boundObjectRef=reference)["status"]["token"]
    assert tokens.user_for(token) is not None
    with pytest.raises(Conflict, match="UID"):
        ask(objects, tokens, boundObjectRef={**reference, "uid": "other"})
    with pytest.raises(NotFound, match='pods "q" not found'):
        ask(objects, tokens, boundObjectRef={**reference, "name": "q"})
    with pytest.raises(InvalidInput, match=r"cannot bind token to object of type /v1, Kind=Node"):
        ask(objects, tokens, boundObjectRef={**reference, "kind": "Node"})
    with pytest.raises(InvalidInput, match="running with different serviceaccount name"):
        ask(objects, tokens, boundObjectRef={**reference, "name": "stranger"})
    objects.remove("", "pods", "demo", "p")
    assert tokens.user_for(token) is None


def test_a_token_bound_to_a_secret_dies_with_it(objects: Any, tokens: ServiceAccountTokens) -> None:
    secret = {"apiVersion": "v1", "metadata": {"name": "s", "namespace": "demo"}}
    objects.put("secrets", secret)
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "s"}
    token = ask(objects, tokens, boundObjectRef=reference)["status"]["token"]
    assert tokens.user_for(token) is not None
    objects.remove("", "secrets", "demo", "s")
    assert tokens.user_for(token) is None
    objects.put("secrets", secret)
    assert tokens.user_for(token) is None, "a secret of the same name is another one"


def test_the_body_is_of_this_account(objects: Any, tokens: ServiceAccountTokens) -> None:
    with pytest.raises(Invalid, match="must match the service account name"):
        token_request(tokens, objects, "demo", "sa", {"metadata": {"name": "other"}})
    with pytest.raises(InvalidInput, match="namespace of the provided object"):
        token_request(tokens, objects, "demo", "sa", {"metadata": {"namespace": "other"}})


def test_what_is_refused(objects: Any, tokens: ServiceAccountTokens) -> None:
    with pytest.raises(NotFound, match='serviceaccounts "x" not found'):
        ask(objects, tokens, "x")
    with pytest.raises(Invalid, match="less than 10 minutes"):
        ask(objects, tokens, expirationSeconds=60)
    with pytest.raises(Invalid, match="larger than"):
        ask(objects, tokens, expirationSeconds=1 << 33)
