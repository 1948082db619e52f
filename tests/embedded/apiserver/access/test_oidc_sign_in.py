"""A server that trusts an OpenID Connect issuer which listens on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer
from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.resource import ResourceType
from support.oidc import Issuer

RBAC = "rbac.authorization.k8s.io"
BINDING = ResourceType(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False)
REVIEW = ResourceType("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", False)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    await issuer.start()
    yield issuer
    await issuer.stop()


@pytest.fixture
def now() -> list[datetime]:
    """The server's time, as the only element; tests change it."""
    return [datetime.now(UTC)]


@pytest.fixture
async def server(tmp_path: Path, issuer: Issuer, now: list[datetime]) -> AsyncIterator[ApiServer]:
    trusted = OidcIssuer(issuer.url, "kubernetes", username_claim="email", groups_prefix="acme:")
    settings = ApiServerSettings(data=tmp_path / "data", oidc=trusted)
    async with ApiServer(settings, clock=lambda: now[0]) as server:
        yield server


async def ask(server: ApiServer, token: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(verify=False, trust_env=False) as http:
        headers = {"Authorization": f"Bearer {token}"}
        return await http.get(f"{server.url}{path}", headers=headers)


async def test_a_person_signs_in_with_groups(
    server: ApiServer, client: LocalClient, issuer: Issuer
) -> None:
    refused = await ask(server, issuer.token(), "/api/v1/namespaces")
    assert refused.status_code == 403
    assert 'User "ada@example.com" cannot list' in refused.json()["message"]
    await client.create(
        BINDING,
        {
            "metadata": {"name": "developers"},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "acme:developers"}],
        },
    )
    assert (await ask(server, issuer.token(), "/api/v1/namespaces")).status_code == 200


async def test_a_new_key_counts_at_once_and_the_former_no_longer(
    server: ApiServer, issuer: Issuer, now: list[datetime]
) -> None:
    former = issuer.token()
    assert (await ask(server, former, "/version")).status_code == 200
    issuer.rotate("second")
    assert (await ask(server, former, "/version")).status_code == 200
    now[0] += timedelta(seconds=11)
    assert (await ask(server, issuer.token(), "/version")).status_code == 200
    assert (await ask(server, former, "/version")).status_code == 401


async def test_an_issuer_that_is_down_ends_no_session(server: ApiServer, issuer: Issuer) -> None:
    token = issuer.token()
    assert (await ask(server, token, "/version")).status_code == 200
    await issuer.stop()
    assert (await ask(server, token, "/version")).status_code == 200
    issuer.rotate("second")
    assert (await ask(server, issuer.token(), "/version")).status_code == 401


async def test_what_is_not_for_us_or_over_is_refused(server: ApiServer, issuer: Issuer) -> None:
    for claims in ({"aud": "other"}, {"exp": 1}, {"nbf": 1 << 40}, {"email": None}):
        answer = await ask(server, issuer.token(**claims), "/version")
        assert answer.status_code == 401, claims
        assert answer.json()["reason"] == "Unauthorized"


async def test_a_token_review_tells_whose_token_it_is(client: LocalClient, issuer: Issuer) -> None:
    answer = await client.create(REVIEW, {"spec": {"token": issuer.token()}})
    assert answer["status"]["authenticated"] is True
    assert answer["status"]["user"]["username"] == "ada@example.com"
    assert answer["status"]["user"]["groups"] == ["acme:developers", "system:authenticated"]
