"""Which user a container runs as. Pure, but for reading the image's `/etc/passwd`."""

from __future__ import annotations

from pathlib import Path

from idp.embedded.workloads.images.ports import Image
from idp.embedded.workloads.images.unpack import inside
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest

NOBODY_SPECIAL = 65532
"""The user of images on the host's runtime that name none; the customary `nonroot`."""

_PASSWD_LIMIT = 2**20


def user_of(pod: Manifest, container: Manifest, image: Image) -> tuple[int, int]:
    """User and group id inside the sandbox.

    The pod's word comes before the image's. Outside, everything belongs to the user who runs the
    platform: the ids are those of a user namespace.

    Raises:
        InvalidInput: The image names a user that it does not have, or the pod forbids root and
            gets it.
    """
    context = {**(pod["spec"].get("securityContext") or {})}
    context |= container.get("securityContext") or {}
    user, group = _image_user(image)
    user = int(context.get("runAsUser", user))
    group = int(context.get("runAsGroup", group))
    if context.get("runAsNonRoot") and user == 0:
        raise InvalidInput(
            "the container has runAsNonRoot and its image runs as root",
            remedy="Set runAsUser, or USER in the image, to another user.",
        )
    return user, group


def _image_user(image: Image) -> tuple[int, int]:
    text = image.config.user
    if not text:
        return (NOBODY_SPECIAL,) * 2 if image.config.on_host_runtime else (0, 0)
    user, _, group = text.partition(":")
    if not user.isdigit():
        return _named(image.root, user)
    return int(user), int(group) if group.isdigit() else int(user)


def _named(root: Path, name: str) -> tuple[int, int]:
    place = inside(root, "etc/passwd")
    if place is not None and place.is_file() and place.stat().st_size <= _PASSWD_LIMIT:
        for line in place.read_text(errors="replace").splitlines():
            fields = line.split(":")
            if fields[0] == name and len(fields) > 3 and fields[2].isdigit():
                return int(fields[2]), int(fields[3]) if fields[3].isdigit() else int(fields[2])
    raise InvalidInput(f"the image is to run as {name!r}, whom its /etc/passwd does not have")
