"""Whether what an instance runs on can run an image. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from idp.kernel.errors import MissingPrerequisite
from idp.protocols.oci.runtime import BASE_LABEL, borrowed_runtime


class BorrowsRuntime(MissingPrerequisite):
    """An image needs a runtime that its target does not lend."""

    code = "BorrowsRuntime"


def check_brings_runtime(labels: Mapping[str, str]) -> None:
    """Refuse an image that a cluster cannot run, by its labels.

    Raises:
        BorrowsRuntime: It holds the application only.
    """
    borrowed = borrowed_runtime(labels)
    if borrowed is None:
        return
    raise BorrowsRuntime(
        f"the image holds the application only and borrows its runtime ({borrowed}) from the "
        f"machine that runs it ({BASE_LABEL}: {borrowed.base}); a cluster's nodes do not lend "
        "theirs",
        remedy="Build the application with its runtime (a Dockerfile or Buildpacks), push that "
        "image and set `spec.image` of the WebApplication to its digest.",
    )
