from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from idp.kernel.errors import Forbidden, Unauthorized
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.standard import CONFIG_MAP, NAMESPACE
from support.oidc import Issuer

CLI = Path(sys.executable).with_name("idp-cli")


def command(data: Path, *options: str) -> list[str]:
    return [str(CLI), "apiserver", "--data", str(data), *options]


@contextmanager
def serving(data: Path, *options: str) -> Iterator[list[str]]:
    """Run the command; gives what it wrote when it was ready, ends it by SIGTERM."""
    with subprocess.Popen(command(data, *options), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        written = []
        for line in process.stdout:
            written.append(line.strip())
            if "kubectl" in line:
                break
        try:
            yield written
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def refused(data: Path, *options: str) -> str:
    answer = subprocess.run(
        command(data, *options), capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 9, answer.stderr
    return answer.stderr


async def test_it_serves_until_it_is_stopped_and_keeps_what_it_was_told(tmp_path: Path) -> None:
    data = tmp_path / "api"
    kubeconfig = data / "kubeconfig"
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "default"},
    }
    with serving(data) as written:
        assert f"export KUBECONFIG={kubeconfig}" in written
        assert kubeconfig.stat().st_mode & 0o777 == 0o600
        async with HttpClient(settings_from_kubeconfig(kubeconfig)) as client:
            names = [item["metadata"]["name"] for item in (await client.list(NAMESPACE)).items]
            assert "default" in names
            await client.create(CONFIG_MAP, settings)
        assert "used" in refused(data) or "locked" in refused(data)
        assert kubeconfig.exists(), "the refused server must leave the running one's file alone"
    assert not kubeconfig.exists()
    with serving(data):
        async with HttpClient(settings_from_kubeconfig(kubeconfig)) as client:
            assert await client.get(CONFIG_MAP, "settings", "default")


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused(tmp_path / "api", "--port", str(port))
    assert f"port {port} on 127.0.0.1" in message
    assert "Next:" in message
    assert not (tmp_path / "api" / "kubeconfig").exists()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "objects.db")
    database.execute("PRAGMA user_version=1000")
    database.close()
    assert "a newer version wrote it" in refused(tmp_path)


def test_the_folder_of_the_platform_is_not_taken_by_mistake(tmp_path: Path) -> None:
    answer = subprocess.run(
        [str(CLI), "apiserver"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "IDP_DATA": str(tmp_path)},
    )
    assert answer.returncode == 2
    assert list(tmp_path.iterdir()) == []


async def test_it_trusts_a_single_sign_on(tmp_path: Path) -> None:
    issuer = Issuer()
    await issuer.start()
    options = (
        f"--oidc-issuer-url={issuer.url}",
        "--oidc-client-id=kubernetes",
        "--oidc-username-claim=email",
        "--oidc-username-prefix=acme:",
        "--oidc-groups-claim=roles",
        "--oidc-required-claim=hd=example.com",
    )
    data = tmp_path / "api"
    with serving(data, *options):
        administrator = settings_from_kubeconfig(data / "kubeconfig")
        token = issuer.token(roles=["developers"], hd="example.com")
        person = replace(administrator, token=token, client_certificate=None, client_key=None)
        async with HttpClient(person) as client:
            with pytest.raises(Forbidden, match=r'User "acme:ada@example\.com" cannot list'):
                await client.list(NAMESPACE)
        async with HttpClient(replace(person, token=issuer.token())) as client:
            with pytest.raises(Unauthorized):
                await client.list(NAMESPACE)
    await issuer.stop()


def test_an_issuer_that_could_be_spoofed_is_refused(tmp_path: Path) -> None:
    options = ("--oidc-issuer-url=http://login.example.com", "--oidc-client-id=kubernetes")
    answer = subprocess.run(
        command(tmp_path / "api", *options), capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 1
    assert "is not an HTTPS URL" in answer.stderr
    assert "Next:" in answer.stderr
