"""Settings of one platform: `platform.json` in the data folder, written once at set-up."""

from __future__ import annotations

import pydantic
from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork

from idp.apps.platform.control_plane import ControlPlaneSettings
from idp.apps.platform.files import read_json, write_json
from idp.apps.platform.layout import ENVIRONMENTS, Layout
from idp.kernel.errors import MissingPrerequisite

DEFAULT_PORT = 8600
FORMAT = 1
"""Version of the data folder's shape; a newer one is refused."""


class InstancePorts(BaseModel):
    """Where one instance listens, on 127.0.0.1.

    Attributes:
        api: The Kubernetes API (TLS).
        gateway: Applications.
    """

    api: int
    gateway: int


class OidcSettings(BaseModel):
    """An OpenID Connect issuer whose tokens the API of every instance accepts.

    The fields are kube-apiserver's `--oidc-*` flags.

    Attributes:
        issuer_url: The issuer, as its tokens name it.
        client_id: Tokens must be for this client.
        username_claim: The claim that is the user's name.
        username_prefix: Put before the name; `-` for nothing. None puts the issuer and `#` there
            unless the claim is `email`.
        groups_claim: The claim that lists the user's groups.
        groups_prefix: Put before each group.
        required_claims: Claims that tokens must have, with exactly these values.
        signing_algs: The signatures that are accepted; empty for all that take a key pair.
        client_secret_file: The secret with which the portal signs people in at the issuer; None for
            a public client, which PKCE protects.
        ca_file: The certificates that the issuer's TLS is verified by; None for the system's.
    """

    model_config = ConfigDict(extra="forbid")

    issuer_url: str
    client_id: str
    username_claim: str = "sub"
    username_prefix: str | None = None
    groups_claim: str = "groups"
    groups_prefix: str = ""
    required_claims: dict[str, str] = Field(default_factory=dict)
    signing_algs: tuple[str, ...] = ()
    client_secret_file: str | None = None
    ca_file: str | None = None


class PlatformSettings(BaseModel):
    """What is fixed when the platform is set up.

    Attributes:
        format: Version of the data folder's shape.
        hub: Port of the hub.
        instances: Environment -> its ports, in the order of promotion.
        control_plane: Where the instances' Kubernetes API comes from.
        oidc: An outside issuer of tokens for the instances' APIs; None for none.
        notification_networks: Networks that are not public and to which notifications may be sent,
            such as `10.20.0.0/16`.
    """

    model_config = ConfigDict(extra="forbid")

    format: int = FORMAT
    hub: int = Field(ge=1, le=65535)
    instances: dict[str, InstancePorts]
    control_plane: ControlPlaneSettings = ControlPlaneSettings()
    oidc: OidcSettings | None = None
    notification_networks: list[IPvAnyNetwork] = Field(default_factory=list)

    @property
    def hub_url(self) -> str:
        """Address of the hub."""
        return f"http://127.0.0.1:{self.hub}"

    def ports(self) -> dict[str, int]:
        """Every port, by the name of what listens there."""
        found = {"hub": self.hub}
        for environment, ports in self.instances.items():
            if self.control_plane.kind != "kubeconfig":
                found[f"{environment} API"] = ports.api
            found[f"{environment} gateway"] = ports.gateway
        return found


def settings_from_port(first: int) -> PlatformSettings:
    """Spread the ports behind a first one: hub at +0, APIs from +11, gateways from +21."""
    return PlatformSettings(
        hub=first,
        instances={
            environment: InstancePorts(api=first + 11 + n, gateway=first + 21 + n)
            for n, environment in enumerate(ENVIRONMENTS)
        },
    )


def load_settings(layout: Layout) -> PlatformSettings | None:
    """Read the settings; None when the platform is not set up.

    Raises:
        MissingPrerequisite: A newer version wrote them, or they are damaged.
    """
    body = read_json(layout.settings)
    if body is None:
        return None
    if isinstance(body, dict) and body.get("format", 0) > FORMAT:
        raise MissingPrerequisite(
            f"{layout.folder} has format {body['format']}, this version knows {FORMAT}: "
            "a newer version wrote it",
            remedy="Start the newer version again, or choose another folder with --data.",
        )
    try:
        return PlatformSettings.model_validate(body)
    except pydantic.ValidationError as error:
        raise MissingPrerequisite(
            f"{layout.settings} is damaged: {error.errors()[0]['msg']}",
            remedy="Restore it from a backup, or choose another folder with --data.",
        ) from error


def require_settings(layout: Layout) -> PlatformSettings:
    """Read the settings of a platform that must be set up.

    Raises:
        MissingPrerequisite: It is not.
    """
    settings = load_settings(layout)
    if settings is None:
        raise MissingPrerequisite(
            f"there is no platform in {layout.folder}",
            remedy="Create it with `idp-cli up`, or name its folder with --data or IDP_DATA.",
        )
    return settings


def save_settings(layout: Layout, settings: PlatformSettings) -> None:
    """Write the settings."""
    write_json(layout.settings, settings.model_dump(mode="json", exclude_none=True))
