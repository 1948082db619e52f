"""What was stolen from development does not open production."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import httpx
import pytest

from idp.kernel.capability import Remote
from idp.kernel.kubeconfig import settings_from_kubeconfig, tls_context
from support.applications import Application
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

EMPTY_INDEX = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "manifests": [],
}
OTHERS = ("staging", "uat", "production")


@pytest.fixture
def development(platform: Platform) -> Remote:
    """Registry and Git with development's credential."""
    return platform.remote("development")


@pytest.fixture
def hub(development: Remote) -> httpx.Client:
    """The hub with development's credential."""
    return httpx.Client(
        base_url=development.url,
        auth=(development.username, development.password),
        timeout=30,
        trust_env=False,
    )


def git_push(remote: Remote, repository: str, folder: Path) -> subprocess.CompletedProcess[str]:
    address = remote.url.replace("://", f"://{remote.username}:{remote.password}@")
    subprocess.run(["git", "init", "--quiet", "-b", "main", str(folder)], check=True)
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    commit = [*identity, "commit", "--quiet", "--allow-empty", "-m", "mine"]
    subprocess.run(["git", *commit], cwd=folder, check=True)
    return subprocess.run(
        ["git", "push", f"{address}/git/{repository}.git", "HEAD:refs/heads/main"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
    )


@pytest.mark.parametrize("environment", OTHERS)
def test_it_pushes_to_no_other_environments_repository(
    platform: Platform, development: Remote, tmp_path: Path, environment: str
) -> None:
    answer = git_push(development, f"environments/{environment}", tmp_path / "work")
    assert answer.returncode != 0
    assert "403" in answer.stderr or "may not" in answer.stderr


def test_neither_does_a_person(platform: Platform, tmp_path: Path) -> None:
    for user in ("maya", "admin"):
        remote = Remote(platform.settings.hub_url, user, platform.session(user))
        answer = git_push(remote, "environments/production", tmp_path / user)
        assert answer.returncode != 0


def test_it_deletes_and_replaces_nothing_in_the_registry(
    hub: httpx.Client, released: tuple[Application, str]
) -> None:
    application, commit = released
    (release,) = [
        r
        for r in application.platform.objects("staging", "releases")
        if r["spec"]["source"]["commit"] == commit
    ]
    spec = release["spec"]
    with hub:
        repository = f"/v2/{spec['repository']}"
        for digest in (spec["digest"], spec["image"].rpartition("@")[2]):
            assert hub.delete(f"{repository}/manifests/{digest}").status_code == 403
        answer = hub.put(
            f"{repository}/manifests/release-{spec['version']}",
            json=EMPTY_INDEX,
            headers={"Content-Type": str(EMPTY_INDEX["mediaType"])},
        )
        assert answer.status_code == 409
        for tag in ("environments/production", "environments/staging"):
            assert hub.post(f"/v2/{tag}/blobs/uploads/").status_code == 403


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_another_instances_credential_does_not_push_images(
    platform: Platform, environment: str
) -> None:
    remote = platform.remote(environment)
    answer = httpx.post(
        f"{remote.url}/v2/demo/steady/blobs/uploads/",
        auth=(remote.username, remote.password),
    )
    assert answer.status_code in (202, 403)
    if answer.status_code == 202:  # to attach proof it may upload; to make an image it may not
        refused = httpx.put(
            f"{remote.url}/v2/demo/steady/manifests/latest",
            json=EMPTY_INDEX,
            headers={"Content-Type": str(EMPTY_INDEX["mediaType"])},
            auth=(remote.username, remote.password),
        )
        assert refused.status_code == 403


@pytest.mark.parametrize("environment", OTHERS)
@pytest.mark.parametrize("kubeconfig", ["kubeconfig", "hub_kubeconfig"])
def test_its_client_certificate_is_unknown_elsewhere(
    platform: Platform, environment: str, kubeconfig: str
) -> None:
    """The certificate of development's administrator, to the server of another instance."""
    mine = settings_from_kubeconfig(getattr(platform.layout.instance("development"), kubeconfig))
    theirs = settings_from_kubeconfig(platform.layout.instance(environment).kubeconfig)
    assert mine.certificate_authority != theirs.certificate_authority
    both = type(mine)(
        server=theirs.server,
        certificate_authority=theirs.certificate_authority,
        client_certificate=mine.client_certificate,
        client_key=mine.client_key,
    )
    with httpx.Client(verify=tls_context(both), base_url=theirs.server, trust_env=False) as api:
        _assert_closed(api, {})


@pytest.mark.parametrize("environment", OTHERS)
def test_its_tokens_are_unknown_elsewhere(platform: Platform, environment: str) -> None:
    platform.kubectl("development", "create", "sa", "thief", "-n", "demo", check=False)
    made = platform.kubectl("development", "create", "token", "thief", "-n", "demo")
    token = made.stdout.strip()
    theirs = settings_from_kubeconfig(platform.layout.instance(environment).kubeconfig)
    anonymous = type(theirs)(
        server=theirs.server, certificate_authority=theirs.certificate_authority
    )
    with httpx.Client(
        verify=tls_context(anonymous), base_url=theirs.server, trust_env=False
    ) as api:
        _assert_closed(api, {"Authorization": f"Bearer {token}"})


def _assert_closed(api: httpx.Client, headers: dict[str, str]) -> None:
    """Neither reads nor writes are answered: by TLS, or by 401 or 403."""
    base = "/apis/platform.idp/v1alpha1/namespaces/demo"
    for method, path in [
        ("GET", f"{base}/webapplications"),
        ("GET", "/api/v1/namespaces/demo/secrets"),
        ("POST", f"{base}/approvals"),
        ("POST", f"{base}/promotions"),
        ("DELETE", f"{base}/webapplications/steady"),
    ]:
        try:
            answer = api.request(method, path, headers=headers, json={} if "P" in method else None)
        except httpx.TransportError:
            continue
        assert answer.status_code in (401, 403), f"{method} {path}: {answer.text}"


@pytest.mark.parametrize("environment", ["development", *OTHERS])
def test_the_hub_gives_an_instance_no_ones_rights(hub: httpx.Client, environment: str) -> None:
    with hub:
        base = f"/instances/{environment}/apis/platform.idp/v1alpha1/namespaces/demo"
        headers = {"Impersonate-User": "paul", "Impersonate-Group": "system:masters"}
        assert hub.get(f"{base}/releases").status_code == 403
        assert hub.post(f"{base}/approvals", json={}, headers=headers).status_code == 403
        assert hub.get("/api/v1/users").status_code == 403
