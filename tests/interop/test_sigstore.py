"""npm's own verifier accepts what the platform signs, and refuses what was tampered with."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.kernel.capability import Signer
from idp.protocols.signing.attestations import sign_statement
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import SLSA_PROVENANCE
from idp.protocols.signing.statement import Statement
from idp.protocols.signing.transparency.log import LoggedKey, MemoryLog

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
