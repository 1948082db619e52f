"""From the settings to the control plane; only the chosen one is loaded."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from idp.apps.instance.control_planes.ports import ControlPlane, Open, Place
from idp.kernel.errors import MissingPrerequisite


def open_control_plane(place: Place) -> AbstractAsyncContextManager[ControlPlane]:
    """Bring up the control plane that the platform was set up with.

    Raises:
        MissingPrerequisite: An outside issuer of tokens is set, which only the embedded one takes.
    """
    if place.oidc is not None and place.settings.kind != "embedded":
        raise MissingPrerequisite(
            f"tokens of {place.oidc.url} are not supported on the control plane {place.settings}",
            remedy="Take `oidc` out of platform.json: people sign in at the hub.",
        )
    return _opener(place)(place)


def _opener(place: Place) -> Open:
    if place.settings.kind == "envtest":
        from idp.apps.instance.control_planes.envtest import open_envtest

        return open_envtest
    if place.settings.kind == "kubeconfig":
        from idp.apps.instance.control_planes.existing import open_existing

        return open_existing
    from idp.apps.instance.control_planes.embedded import open_embedded

    return open_embedded
