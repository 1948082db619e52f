"""Names of images and their parts: grammar, parsing, digests. Pure.

The grammar is that of OCI distribution, narrowed where it is ambiguous: a reference always says its
registry (`python:3` is refused, nothing is guessed), and digests are SHA-256.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from idp.kernel.errors import InvalidInput

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?"
_REGISTRY = re.compile(rf"(?:{_HOST}|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?")
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})+")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

MAX_REPOSITORY = 255


def digest_of(content: bytes) -> str:
    """SHA-256 of `content`, as `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def is_digest(text: str) -> bool:
    """Whether `text` is a whole digest."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether `text` is a valid tag."""
    return _TAG.fullmatch(text) is not None


def is_repository(text: str) -> bool:
    """Whether `text` is `namespace/name`, with further parts where a registry nests deeper."""
    return len(text) <= MAX_REPOSITORY and _REPOSITORY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """Where an image is.

    Attributes:
        registry: `host` or `host:port`.
        repository: `namespace/name`.
        tag: Empty when there is none.
        digest: `sha256:<hex>`; empty when there is none. With both, the digest decides.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"

    @property
    def target(self) -> str:
        """What to ask the registry for: the digest, else the tag.

        Raises:
            InvalidInput: The reference has neither.
        """
        if not (self.digest or self.tag):
            raise InvalidInput(
                f"{self} names neither a tag nor a digest",
                remedy="Add `@sha256:...`; deployments are by digest, so that they never change.",
            )
        return self.digest or self.tag


def parse_reference(text: str) -> Reference:
    """Read `host[:port]/namespace/name[:tag][@digest]`.

    Raises:
        InvalidInput: It is anything else; the message names the part that is wrong.
    """
    name, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise _invalid(text, f'digest "{digest}" is not `sha256:` and 64 hexadecimal digits')
    registry, _, path = name.partition("/")
    repository, colon, tag = path.partition(":")
    if colon and not is_tag(tag):
        raise _invalid(text, f'tag "{tag}" is not allowed')
    if not _is_registry(registry):
        raise _invalid(text, f'"{registry}" is not a registry (a host with a dot or a port)')
    if not is_repository(repository):
        raise _invalid(text, f'repository "{repository}" is not `namespace/name` in lower case')
    return Reference(registry, repository, tag, digest)


def _is_registry(text: str) -> bool:
    """A first part without dot or port is a namespace to other tools (`library/python`)."""
    says_host = "." in text or ":" in text or text == "localhost"
    return says_host and len(text) <= 255 and _REGISTRY.fullmatch(text) is not None


def _invalid(text: str, why: str) -> InvalidInput:
    return InvalidInput(
        f'"{text[:300]}" is not an image reference: {why}',
        remedy="Write it as `host[:port]/namespace/name[:tag][@sha256:...]`.",
    )


_SIGNATURE_TAG = re.compile(r"^sha256-[0-9a-f]{64}\.sig$")


def moves(tag: str) -> bool:
    """Whether a tag may name other content later.

    Tags are immutable but for the one under which cosign gathers an artifact's signatures: each
    signer adds a layer. Nobody trusts the tag itself, only the signatures under it.
    """
    return _SIGNATURE_TAG.match(tag) is not None
