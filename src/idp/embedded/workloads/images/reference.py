"""Image references: `registry/repository[:tag][@digest]`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from idp.kernel.errors import InvalidInput

_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
_REPOSITORY = re.compile(r"^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$")
_TAG = re.compile(r"^\w[\w.-]{0,127}$")


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed reference.

    Attributes:
        host: Registry, with its port.
        repository: Name within the registry.
        version: A digest, or a tag.
    """

    host: str
    repository: str
    version: str

    @property
    def is_digest(self) -> bool:
        """Whether the reference names content and not a movable tag."""
        return _DIGEST.match(self.version) is not None


def parse(text: str) -> Reference:
    """Read a reference. A registry must be named: there is no default one to fall back on.

    Raises:
        InvalidInput: It is not a reference.
    """
    name, _, digest = text.partition("@")
    host, slash, rest = name.partition("/")
    repository, _, tag = rest.partition(":")
    named = bool(slash) and ("." in host or ":" in host or host == "localhost")
    version = digest or tag or "latest"
    valid = _DIGEST.match(version) if digest else _TAG.match(version)
    if not named or not valid or len(text) > 512 or not _REPOSITORY.match(repository):
        raise InvalidInput(
            f"{text!r} is not an image reference",
            remedy="Write registry/repository@sha256:<digest>, with the registry's host.",
        )
    return Reference(host, repository, version)
