from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from idp.embedded.apiserver.access.certificates import (
    CertificateAuthority,
    user_from_certificate,
)
from idp.embedded.apiserver.access.identity import UserInfo
from idp.kernel.errors import MissingPrerequisite


async def peer_of(authority: CertificateAuthority, client: ssl.SSLContext) -> dict[str, Any] | None:
    """Shake hands with a server of the authority; the certificate that the server saw."""
    seen: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set_result(writer.get_extra_info("peercert"))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=authority.server_context())
    port = server.sockets[0].getsockname()[1]
    async with server:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client, server_hostname="localhost"
        )
        try:
            writer.write(b"x")
            await writer.drain()
            return await asyncio.wait_for(asyncio.shield(seen), 10)
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def client_context(
    authority: CertificateAuthority, folder: Path, pair: tuple[str, str] | None = None
) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if pair is not None:
        path = folder / "client.pem"
        path.write_text(pair[1] + pair[0])
        context.load_cert_chain(path)
    return context


async def test_a_client_certificate_names_user_and_groups(tmp_path: Path) -> None:
    authority = CertificateAuthority.open(tmp_path / "pki")
    pair = authority.issue_client("alice", ("devs", "system:masters"), days=1)
    peer = await peer_of(authority, client_context(authority, tmp_path, pair))
    assert user_from_certificate(peer) == UserInfo("alice", groups=("devs", "system:masters"))


async def test_a_client_certificate_is_optional(tmp_path: Path) -> None:
    authority = CertificateAuthority.open(tmp_path / "pki")
    peer = await peer_of(authority, client_context(authority, tmp_path))
    assert user_from_certificate(peer) is None


async def test_a_certificate_of_another_authority_is_refused(tmp_path: Path) -> None:
    authority = CertificateAuthority.open(tmp_path / "pki")
    other = CertificateAuthority.open(tmp_path / "other")
    context = client_context(authority, tmp_path, other.issue_client("root", ("system:masters",)))
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # where the refusal comes in the handshake
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await peer_of(authority, context)


async def test_a_server_certificate_is_no_client_certificate(tmp_path: Path) -> None:
    authority = CertificateAuthority.open(tmp_path / "pki")
    context = client_context(authority, tmp_path, authority.issue_server(["localhost"], []))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await peer_of(authority, context)


def test_files_are_private_and_the_authority_stays(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    first = CertificateAuthority.open(folder)
    first.server_context()
    assert CertificateAuthority.open(folder).certificate == first.certificate
    assert {path.name for path in folder.iterdir()} == {"ca.pem", "server.pem"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_damaged_authority_is_refused(tmp_path: Path) -> None:
    CertificateAuthority.open(tmp_path)
    path = tmp_path / "ca.pem"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(MissingPrerequisite, match=r"ca\.pem"):
        CertificateAuthority.open(tmp_path)
    assert path.read_bytes()


def server_certificate(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())


def test_the_server_certificate_is_kept_while_it_fits(tmp_path: Path) -> None:
    authority = CertificateAuthority.open(tmp_path)
    authority.server_context(["localhost", "dev.localhost"], ["127.0.0.1"])
    kept = server_certificate(tmp_path)
    authority.server_context(["localhost"], ["127.0.0.1"])
    assert server_certificate(tmp_path) == kept
    authority.server_context(["uat.localhost"], ["127.0.0.1"])
    assert server_certificate(tmp_path) != kept


def test_an_expiring_or_damaged_server_certificate_is_made_anew(tmp_path: Path) -> None:
    CertificateAuthority.open(tmp_path).server_context()
    kept = server_certificate(tmp_path)
    in_eleven_months = datetime.now(UTC) + timedelta(days=340)
    CertificateAuthority.open(tmp_path, clock=lambda: in_eleven_months).server_context()
    renewed = server_certificate(tmp_path)
    assert renewed != kept
    (tmp_path / "server.pem").write_text("nonsense")
    CertificateAuthority.open(tmp_path).server_context()
    assert server_certificate(tmp_path) != renewed
