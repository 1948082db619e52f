"""Errors of registries that the kernel's words are not sharp enough for."""

from __future__ import annotations

from typing import ClassVar

from idp.kernel.errors import Conflict


class TagIsImmutable(Conflict):
    """A tag exists with other content. Trying again never helps."""

    retryable: ClassVar[bool] = False


def tag_is_immutable(repository: str, tag: str) -> TagIsImmutable:
    """The refusal to move a tag."""
    return TagIsImmutable(
        f"tag {tag} of {repository} exists with other content: tags are immutable",
        remedy="Push under another tag or by digest, or delete the tag first.",
        details={"code": "DENIED"},
    )
