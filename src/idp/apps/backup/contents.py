"""What a backup consists of: the one list that backup and restore share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from idp.kernel.errors import MissingPrerequisite

KEYS = "keys"
Kind = Literal["instance", "apiserver"]

DATABASES = ("apiserver/objects.db", "history.db")
"""Copied by SQLite; everything else is copied as files."""
_FILES = ("apiserver/*.pem", "apiserver/*.json", f"{KEYS}/**/*")
"""With the keys: their ring, the pins, and the certificates of the hub's authorities. The private
keys of these authorities are the hub's: whoever gets hold of an instance's backup could else date
back what the instance's key signs. A hub that lost them makes others."""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder that is backed up and restored.

    Attributes:
        kind: `instance`: the folder of an environment. `apiserver`: the folder that
            `idp-cli apiserver` was given; in a backup it is the component `apiserver`.
        name: Of the environment; empty for a server alone.
        folder: Of the instance, or of the server alone.
    """

    kind: Kind
    name: str
    folder: Path

    @property
    def apiserver(self) -> Path:
        """Where the API's database and certificates are."""
        return self.folder / "apiserver" if self.kind == "instance" else self.folder

    def place(self, path: str) -> Path:
        """Where a file of a backup is in this folder."""
        if self.kind == "instance":
            return self.folder / path
        return self.folder / path.removeprefix("apiserver/")

    def files(self) -> Iterator[str]:
        """Names in a backup of all files that are there, databases not included."""
        for pattern in _FILES:
            if self.kind == "apiserver" and not pattern.startswith("apiserver/"):
                continue
            base = self.apiserver if pattern.startswith("apiserver/") else self.folder
            for path in sorted(base.glob(pattern.removeprefix("apiserver/"))):
                if path.is_file() and not path.is_symlink():
                    prefix = "apiserver/" if base == self.apiserver else ""
                    yield f"{prefix}{path.relative_to(base)}"

    def databases(self) -> Iterator[str]:
        """Names in a backup of the databases that are there."""
        for name in DATABASES if self.kind == "instance" else DATABASES[:1]:
            if self.place(name).exists():
                yield name


def authorities_in(folder: Path) -> Path:
    """Where, in the folder of an instance, the certificates of its hub's authorities are."""
    return folder / KEYS / "authorities.json"


def identity(authority: bytes) -> str:
    """Which instance it is: the fingerprint of its certificate authority's public key.

    Args:
        authority: Content of `ca.pem`.

    Raises:
        MissingPrerequisite: There is no certificate in it.
    """
    try:
        key = x509.load_pem_x509_certificate(authority).public_key()
    except ValueError as error:
        raise MissingPrerequisite(
            f"ca.pem holds no certificate: {error}",
            remedy="Restore a backup with --force.",
        ) from error
    digest = hashes.Hash(hashes.SHA256())
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    digest.update(key.public_bytes(encoding, form))
    return digest.finalize().hex()
