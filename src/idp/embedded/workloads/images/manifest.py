"""The two JSON documents of an OCI image, read strictly where they are acted on. Pure.

Fields that only describe (history, annotations, platform) may be anything.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import pydantic
from pydantic import BaseModel, Field, StringConstraints

from idp.kernel.errors import InvalidInput

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]

_LAYERS = {
    "application/vnd.oci.image.layer.v1.tar": False,
    "application/vnd.oci.image.layer.v1.tar+gzip": True,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": True,
}
_MAX_LAYERS = 256


class Blob(BaseModel):
    """Content that a manifest refers to."""

    media_type: str = Field(alias="mediaType")
    digest: Digest
    size: int = Field(ge=0)

    @property
    def compressed(self) -> bool:
        """Whether a layer is gzip; otherwise it is plain tar.

        Raises:
            InvalidInput: It is neither.
        """
        if self.media_type not in _LAYERS:
            raise InvalidInput(
                f"layers of type {self.media_type} are not supported",
                remedy="Build the image with plain or gzip layers.",
            )
        return _LAYERS[self.media_type]


class ImageManifest(BaseModel):
    """`application/vnd.oci.image.manifest.v1+json`."""

    config: Blob
    layers: list[Blob] = Field(max_length=_MAX_LAYERS)


class RunConfiguration(BaseModel):
    """`config` of the image configuration; the names are the document's own."""

    Entrypoint: list[str] | None = None
    Cmd: list[str] | None = None
    Env: list[str] | None = None
    WorkingDir: str | None = None
    User: str | None = None
    Labels: dict[str, str] | None = None
    StopSignal: str | None = None


class RootFileSystem(BaseModel):
    """`rootfs` of the image configuration."""

    diff_ids: list[Digest] = Field(default_factory=list)


class ImageConfiguration(BaseModel):
    """`application/vnd.oci.image.config.v1+json`."""

    config: RunConfiguration = Field(default_factory=RunConfiguration)
    rootfs: RootFileSystem = Field(default_factory=RootFileSystem)


Document = TypeVar("Document", bound=BaseModel)


def read(document: type[Document], body: bytes, what: str) -> Document:
    """Read a document.

    Raises:
        InvalidInput: It is not JSON or not of that form.
    """
    try:
        return document.model_validate_json(body)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"the {what} is not valid: {place}: {first['msg']}") from error
