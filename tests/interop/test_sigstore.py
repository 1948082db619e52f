"""npm's own verifier accepts what the platform signs, and refuses what was tampered with."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from idp.apps.hub.authentication import Authentication
from idp.apps.hub.signing_authorities import Authorities, open_authorities
from idp.apps.hub.signing_services import signing_services
from idp.kernel.capability import Signer
from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.anchors import Anchors
from idp.protocols.signing.attestations import sign_statement, verify_statement
from idp.protocols.signing.certificates import Identity
from idp.protocols.signing.keyless import sign_keyless
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import SLSA_PROVENANCE
from idp.protocols.signing.statement import Statement, encode_statement
from idp.protocols.signing.timestamps.token import pem_of
from idp.protocols.signing.transparency.log import LoggedKey, MemoryLog
from support.control_plane import free_port

SOURCE = Path(__file__).parent / "sigstore"
DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32


def sign(digest: str, statement: Statement, signer: Signer) -> bytes:
    return asyncio.run(sign_statement("demo/hello", digest, statement, signer))


Verify = Callable[[bytes, str, str], str]

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(
        shutil.which("node") is None or shutil.which("npm") is None, reason="needs node and npm"
    ),
]


@pytest.fixture(scope="session")
def verifier(request: pytest.FixtureRequest) -> Path:
    """The folder with the verifier installed; kept between runs until the lock changes."""
    lock = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = request.config.cache
    assert cache is not None
    folder = cache.mkdir(f"sigstore-{lock}")
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
    if not (folder / "node_modules" / ".package-lock.json").exists():
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return folder


@pytest.fixture
def verify(verifier: Path, tmp_path: Path) -> Verify:
    """Run the verifier; the answer is empty, or what it complained about."""

    def run(bundle: bytes, public_key: str, digest: str) -> str:
        (tmp_path / "bundle.json").write_bytes(bundle)
        (tmp_path / "key.pem").write_text(public_key)
        result = subprocess.run(
            ["node", verifier / "verify.mjs", "bundle.json", "key.pem", digest],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        return "" if result.returncode == 0 else result.stderr

    return run


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="module")
def bundle(key: PrivateKey) -> bytes:
    return sign(DIGEST, Statement(SLSA_PROVENANCE, {"a": "é"}), key)


@pytest.fixture(scope="module")
def logged(key: PrivateKey) -> bytes:
    """The third of four entries in a transparency log."""
    log = MemoryLog(key, "development")
    statements = [Statement(SLSA_PROVENANCE, {"number": number}) for number in range(4)]
    return [sign(DIGEST, statement, LoggedKey(key, log)) for statement in statements][2]


def test_our_bundle_is_accepted(verify: Verify, bundle: bytes, key: PrivateKey) -> None:
    assert verify(bundle, key.public_key, DIGEST) == ""


def test_another_key_is_refused(verify: Verify, bundle: bytes) -> None:
    refusal = verify(bundle, PrivateKey.generate().public_key, DIGEST)
    assert "signature verification failed" in refusal


def test_another_digest_is_refused(verify: Verify, bundle: bytes, key: PrivateKey) -> None:
    assert f"not {OTHER}" in verify(bundle, key.public_key, OTHER)


def test_a_swapped_payload_is_refused(verify: Verify, bundle: bytes, key: PrivateKey) -> None:
    body = json.loads(bundle)
    forged = sign(OTHER, Statement(SLSA_PROVENANCE, {}), PrivateKey.generate())
    body["dsseEnvelope"]["payload"] = json.loads(forged)["dsseEnvelope"]["payload"]
    refusal = verify(json.dumps(body).encode(), key.public_key, OTHER)
    assert "signature verification failed" in refusal


def test_our_log_entry_is_accepted(verify: Verify, logged: bytes, key: PrivateKey) -> None:
    assert json.loads(logged)["verificationMaterial"]["tlogEntries"]
    assert verify(logged, key.public_key, DIGEST) == ""


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        (("inclusionProof", "hashes"), [], "inclusion"),
        (("inclusionProof", "logIndex"), "1", "inclusion"),
        (("inclusionProof", "checkpoint", "envelope"), "idp/development\n3\nAAAA\n", "checkpoint"),
        (("canonicalizedBody",), "e30=", "tlog"),
    ],
)
def test_a_forged_log_entry_is_refused(
    verify: Verify, logged: bytes, key: PrivateKey, path: tuple[str, ...], value: Any, refusal: str
) -> None:
    body = json.loads(logged)
    place = body["verificationMaterial"]["tlogEntries"][0]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert refusal in verify(json.dumps(body).encode(), key.public_key, DIGEST).lower()


ISSUER = "https://hub.example.com"
MAYA = f"{ISSUER}/users/maya"


class NoUsers:
    """Nobody signs in here: the tests have tokens already."""


@pytest.fixture(scope="module")
def authority_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authorities")


@pytest.fixture(scope="module")
def authorities(authority_folder: Path) -> Authorities:
    return open_authorities(authority_folder, ISSUER)


@pytest.fixture
def hub(authorities: Authorities) -> Iterator[str]:
    """The hub's authorities on a free port."""
    services = signing_services(authorities, cast("Authentication", NoUsers()))
    unused_port = free_port()
    application = Starlette(routes=[Mount("/signing", services)])
    config = uvicorn.Config(application, port=unused_port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{unused_port}"
    server.should_exit = True
    thread.join()


def keyless(authorities: Authorities) -> bytes:
    identity = authorities.identity(authorities.token("maya"))

    def issue(key: str, proof: bytes) -> Any:
        return authorities.certificates.certify(identity, key, proof)

    statement = Statement(SLSA_PROVENANCE, {"a": "é"})
    stamp = authorities.timestamps.stamp
    return asyncio.run(
        sign_keyless("demo/hello", DIGEST, statement, identity.challenge, issue, stamp=stamp)
    )


def run_keyless(
    verifier: Path, folder: Path, authorities: Path, bundle: bytes, *identity: str
) -> str:
    (folder / "bundle.json").write_bytes(bundle)
    program = str(verifier / "verify-keyless.mjs")
    result = subprocess.run(
        ["node", program, "bundle.json", str(authorities), *identity],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    return "" if result.returncode == 0 else result.stderr


def test_our_certificates_and_time_stamps_are_accepted(
    verifier: Path, tmp_path: Path, authorities: Authorities, authority_folder: Path
) -> None:
    assert (
        run_keyless(verifier, tmp_path, authority_folder, keyless(authorities), ISSUER, MAYA) == ""
    )


@pytest.mark.parametrize(
    ("identity", "refusal"),
    [
        ((ISSUER, f"{ISSUER}/users/ben"), "certificate identity"),
        (("https://evil.example.com", MAYA), "certificate extension"),
    ],
)
def test_another_identity_is_refused(
    verifier: Path,
    tmp_path: Path,
    authorities: Authorities,
    authority_folder: Path,
    identity: tuple[str, str],
    refusal: str,
) -> None:
    bundle = keyless(authorities)
    assert refusal in run_keyless(verifier, tmp_path, authority_folder, bundle, *identity)


def test_certificates_of_another_authority_are_refused(
    verifier: Path, tmp_path: Path, authorities: Authorities, authority_folder: Path
) -> None:
    open_authorities(tmp_path / "other", ISSUER)
    shutil.copy(authority_folder / "timestamps.pem", tmp_path / "other")
    bundle = keyless(authorities)
    assert "CERTIFICATE_ERROR" in run_keyless(
        verifier, tmp_path, tmp_path / "other", bundle, ISSUER, MAYA
    )


def test_what_npm_signs_is_accepted_here(
    verifier: Path, tmp_path: Path, authorities: Authorities, hub: str
) -> None:
    statement = encode_statement("demo/hello", DIGEST, Statement(SLSA_PROVENANCE, {"b": 1}))
    (tmp_path / "statement.json").write_bytes(statement)
    program = str(verifier / "sign.mjs")
    made = subprocess.run(
        ["node", program, hub, authorities.token("maya"), "statement.json"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    assert made.returncode == 0, made.stderr.decode()
    trust = Anchors(
        {},
        (Identity("maya", ISSUER, MAYA),),
        (pem_of(authorities.certificates.certificate),),
        (pem_of(authorities.timestamps.certificate),),
    )
    found, signer, _ = verify_statement(made.stdout, DIGEST, trust)
    assert (signer, found.predicate) == ("maya", {"b": 1})
    with pytest.raises(VerificationFailed, match="is about"):
        verify_statement(made.stdout, OTHER, trust)
