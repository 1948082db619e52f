"""Which image a step is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import model_validator

from idp.capabilities.promotion.kinds import PipelineStep, Release
from idp.kernel.client import Client
from idp.kernel.errors import Invalid
from idp.kernel.resource import Model

_REPOSITORY = re.compile(r"^[^/\s]+/[^/\s]+$")
_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")


class BuildParameters(Model):
    """What a step of a push's pipeline looks at.

    Attributes:
        build: Name of the build's PipelineStep, in the same namespace.
    """

    build: str


class ImageParameters(Model):
    """What a step looks at: exactly one of the two.

    Attributes:
        build: In a push: name of the build's PipelineStep, in the same namespace.
        release: In a promotion: name of the Release, in the same namespace.
    """

    build: str = ""
    release: str = ""

    @model_validator(mode="after")
    def _one(self) -> ImageParameters:
        if bool(self.build) == bool(self.release):
            raise ValueError("give either build or release")
        return self


@dataclass(frozen=True, slots=True)
class Subject:
    """An image in the registry.

    Attributes:
        repository: `namespace/name`.
        digest: Of its manifest.
        application: Name of the application.
        author: Who pushed it; empty when the build does not say.
    """

    repository: str
    digest: str
    application: str
    author: str = ""


async def subject_of_build(client: Client, name: str, namespace: str) -> Subject:
    """The image that a build made.

    Raises:
        NotFound: There is no such step.
        Invalid: It is no successful build, or its image belongs to another namespace.
    """
    build = PipelineStep.parse(await client.get(PipelineStep.type(), name, namespace))
    if build.spec.uses != "build" or build.status is None or build.status.phase != "Succeeded":
        raise Invalid(
            f"{name} is not a successful build",
            remedy="Name the build step of the same pipeline, and run after it.",
        )
    outputs = build.status.outputs
    author = build.spec.with_.get("author")
    return _subject(name, outputs.get("repository"), outputs.get("digest"), namespace, author)


async def subject_of_release(client: Client, name: str, namespace: str) -> Subject:
    """The image of a release.

    Raises:
        NotFound: There is no such release.
        Invalid: Its image belongs to another namespace.
    """
    release = Release.parse(await client.get(Release.type(), name, namespace))
    digest = release.spec.image.rpartition("@")[2]
    author = release.spec.source.author
    return _subject(name, release.spec.repository, digest, namespace, author)


def _subject(
    name: str, repository: object, digest: object, namespace: str, author: object
) -> Subject:
    if not isinstance(repository, str) or not _REPOSITORY.match(repository):
        raise Invalid(f"{name} names no repository of an image")
    if not isinstance(digest, str) or not _DIGEST.match(digest):
        raise Invalid(f"{name} names no digest of an image")
    owner, _, application = repository.partition("/")
    if owner != namespace:
        raise Invalid(f"{name} is about {repository}, which does not belong to {namespace}")
    return Subject(repository, digest, application, author if isinstance(author, str) else "")
