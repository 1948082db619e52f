"""The labels by which an image says what runtime it borrows from the machine that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from idp.kernel.errors import VerificationFailed
from idp.protocols.oci.ports import Registry

BASE_LABEL = "platform.idp/base"
RUNTIME_LABEL = "platform.idp/runtime"
RUNTIME_VERSION_LABEL = "platform.idp/runtime-version"
HOST_BASE = "host"

_CONFIG_LIMIT = 4 * 2**20


@dataclass(frozen=True, slots=True)
class BorrowedRuntime:
    """What an image needs of its machine.

    Attributes:
        base: Who lends it, such as `host`.
        name: Such as `python`; empty when the image does not say.
        version: Such as `3.11`; empty likewise.
    """

    base: str
    name: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip() or "unknown"


def borrowed_runtime(labels: Mapping[str, str]) -> BorrowedRuntime | None:
    """What an image with these labels borrows; None when it brings all that it needs."""
    if (base := labels.get(BASE_LABEL)) is None:
        return None
    return BorrowedRuntime(
        base, labels.get(RUNTIME_LABEL, ""), labels.get(RUNTIME_VERSION_LABEL, "")
    )


async def image_labels(registry: Registry, repository: str, digest: str) -> dict[str, str]:
    """Read the labels of an image's configuration.

    Raises:
        NotFound: There is no such image.
        TooLarge: Its configuration is over 4 MiB.
        VerificationFailed: It is not the image of one platform, or is malformed.
    """
    stored = await registry.manifest(repository, digest)
    config = _mapping(_parsed(stored.body).get("config"))
    if not isinstance(config.get("digest"), str):
        raise VerificationFailed(
            f"{repository}@{digest} is not the image of one platform",
            remedy="Release the image manifest of one platform, not an index.",
        )
    blob = await registry.blob(repository, config["digest"], limit=_CONFIG_LIMIT)
    labels = _mapping(_mapping(_parsed(blob).get("config")).get("Labels"))
    return {name: value for name, value in labels.items() if isinstance(value, str)}


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        return _mapping(orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise VerificationFailed(f"the image is malformed: {error}") from error


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
