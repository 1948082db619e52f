"""Malformed input is refused, with what, why, and what to do."""

from __future__ import annotations

import base64
import http.client
import ssl
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from idp.apps.platform.files import read_json
from idp.kernel.kubeconfig import settings_from_kubeconfig, tls_context
from support.applications import Application
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HEAD = "apiVersion: platform.idp/v1alpha1\nkind: WebApplication\nmetadata: {name: refused}\n"
UNKNOWN_FIELD = HEAD + "spec:\n  health: {pth: /}\n"
WRONG_TYPE = HEAD + "spec:\n  port: eighty\n"
DUPLICATE_KEY = HEAD + "spec:\n  port: 8080\n  port: 9090\n"
BOMB = (
    HEAD
    + "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in pairwise("abcdefghij"))
)
REFUSED = [
    pytest.param(UNKNOWN_FIELD, "spec.health.pth", id="unknown field"),
    pytest.param(WRONG_TYPE, "spec.port", id="wrong type"),
    pytest.param(DUPLICATE_KEY, ":6: the key 'port' is there twice", id="duplicate key"),
    pytest.param(BOMB, "grows to more than 100000 values", id="YAML bomb"),
]


@pytest.fixture
def nothing_came_of_it(platform: Platform) -> Iterator[None]:
    yield
    assert platform.object("development", "webapplications", "refused") == {}


@pytest.mark.usefixtures("nothing_came_of_it")
class TestApplied:
    @pytest.mark.parametrize(("text", "said"), REFUSED)
    def test_by_the_command(self, platform: Platform, tmp_path: Path, text: str, said: str) -> None:
        file = tmp_path / "application.yaml"
        file.write_text(text)
        answer = platform.cli("apply", "-f", str(file), check=False)
        assert answer.returncode == 1
        assert said in answer.stderr
        assert "Next:" in answer.stderr

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            pytest.param(UNKNOWN_FIELD, 'unknown field "spec.health.pth"', id="unknown field"),
            pytest.param(WRONG_TYPE, "spec.port", id="wrong type"),
            pytest.param(BOMB, "excessive aliasing", id="YAML bomb"),
        ],
    )
    def test_by_kubectl(self, platform: Platform, text: str, said: str) -> None:
        answer = platform.kubectl(
            "development", "apply", "-n", "demo", "-f", "-", check=False, text=text
        )
        assert answer.returncode == 1
        assert said in answer.stderr

    def test_a_duplicate_key_as_kubectl_sends_it_unread(
        self, platform: Platform, tmp_path: Path
    ) -> None:
        """`kubectl apply` keeps the last of two keys before it sends; `--raw` sends the bytes."""
        twice = '{"apiVersion": "platform.idp/v1alpha1", "kind": "WebApplication", '
        twice += '"metadata": {"name": "refused"}, "spec": {"port": 8080, "port": 9090}}'
        (tmp_path / "twice.json").write_text(twice)
        path = "/apis/platform.idp/v1alpha1/namespaces/demo/webapplications"
        answer = platform.kubectl(
            "development",
            "create",
            "--raw",
            f"{path}?fieldValidation=Strict",
            "-f",
            str(tmp_path / "twice.json"),
            check=False,
        )
        assert answer.returncode == 1
        assert "port" in answer.stderr
        assert "duplicate" in answer.stderr

    @pytest.mark.parametrize(("text", "said"), REFUSED)
    def test_by_the_api(self, platform: Platform, text: str, said: str) -> None:
        answer = platform.api("development").post(
            "/apis/platform.idp/v1alpha1/namespaces/demo/webapplications?fieldValidation=Strict",
            content=text,
            headers={"Content-Type": "application/yaml"},
        )
        assert 400 <= answer.status_code < 500
        assert said in answer.json()["message"]


def test_in_a_pushed_declaration(platform: Platform, tmp_path: Path) -> None:
    """Each wrong `idp.yaml` fails its pipeline at the build; the repaired one goes through."""
    application = Application(platform, tmp_path / "refused", "refused")
    application.write("one")
    for parameters in REFUSED:
        text, said = (str(value) for value in parameters.values)
        application.declare(text)
        answer = application.deploy(check=False)
        assert answer.returncode == 1
        assert said in answer.stderr
        assert "idp.yaml" in answer.stderr or "WebApplication" in answer.stderr
        assert "Next:" in answer.stderr
    assert platform.object("development", "releases", "refused") == {}


class TestTooLarge:
    """1 GB is announced or streamed; what is over the limit is refused before it is all sent."""

    GIGABYTE = 10**9

    def test_a_git_push(self, platform: Platform) -> None:
        command = f"{'0' * 40} {'1' * 40} refs/heads/main\0report-status side-band-64k"
        sent = 0

        def zeros() -> Iterator[bytes]:
            nonlocal sent
            yield f"{len(command) + 4:04x}{command}0000PACK".encode()
            chunk = bytes(2**20)
            while sent < self.GIGABYTE:
                sent += len(chunk)
                yield chunk

        with httpx.Client(timeout=60, trust_env=False) as client:
            try:
                answer = client.post(
                    f"http://127.0.0.1:{platform.settings.hub}/git/demo/huge.git/git-receive-pack",
                    content=zeros(),
                    auth=("maya", platform.session("maya")),
                    headers={"Content-Type": "application/x-git-receive-pack-request"},
                )
            except httpx.TransportError:
                pass  # the hub hung up while we were still sending
            else:
                assert b"larger than 200 MiB" in answer.content
        assert 200 * 2**20 <= sent < 500 * 2**20
        assert not (platform.layout.git / "demo" / "huge.git").exists()
        assert list((platform.layout.git / ".incoming").iterdir()) == []

    def test_a_registry_push(self, platform: Platform) -> None:
        hub = http.client.HTTPConnection("127.0.0.1", platform.settings.hub, timeout=60)
        credential = read_json(platform.layout.instance("development").hub_credential)
        basic = base64.b64encode(f"{credential['name']}:{credential['password']}".encode())
        headers = {"Authorization": f"Basic {basic.decode()}"}
        hub.request("POST", "/v2/demo/huge/blobs/uploads/", headers=headers)
        answer = hub.getresponse()
        answer.read()
        place = answer.headers["location"]
        assert self._announce(hub, "PATCH", place, headers) == 413

    def test_a_manifest(self, platform: Platform) -> None:
        settings = settings_from_kubeconfig(platform.layout.instance("development").kubeconfig)
        tls = tls_context(settings)
        assert isinstance(tls, ssl.SSLContext)
        port = platform.settings.instances["development"].api
        api = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=tls)
        path = "/apis/platform.idp/v1alpha1/namespaces/demo/webapplications"
        assert self._announce(api, "POST", path, {"Content-Type": "application/json"}) == 413

    def _announce(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: dict[str, str],
    ) -> int:
        """Send the head of a request of 1 GB; gives the status of the answer."""
        connection.putrequest(method, path)
        for name, value in {**headers, "Content-Length": str(self.GIGABYTE)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()
        return status
