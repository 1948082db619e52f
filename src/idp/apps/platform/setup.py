"""Set-up: what a new platform needs before its processes can start.

Every part is made only when it is missing, and `platform.json` is written first, so a set-up that
was interrupted anywhere is finished by running it again.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from idp.apps.hub.groups import ADMINISTRATORS
from idp.apps.hub.passwords import generate_password
from idp.apps.hub.signing_authorities import (
    CERTIFICATE_AUTHORITY,
    TIMESTAMP_AUTHORITY,
    open_authorities,
)
from idp.apps.hub.users import Users, open_users
from idp.apps.platform.files import read_json, write_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import PlatformSettings, load_settings, save_settings
from idp.apps.platform.signing_keys import settle_keys
from idp.capabilities.signing.keys import open_signer
from idp.kernel.access import INSTANCE_PREFIX
from idp.protocols.signing.timestamps.token import pem_of


def administrator_exists(layout: Layout) -> bool:
    """Whether somebody can administer this platform already."""
    if load_settings(layout) is None:
        return False
    return any(ADMINISTRATORS in groups for groups in open_users(layout).names().values())


def prepare(layout: Layout, settings: PlatformSettings) -> None:
    """Make everything but the administrator."""
    save_settings(layout, settings)
    layout.folder.chmod(0o700)
    users = open_users(layout)
    for environment in settings.instances:
        _machine_user(layout, users, environment)
    _pin_keys(layout, settings)
    settle_keys(layout, settings)
    _pin_authorities(layout, settings)


def _machine_user(layout: Layout, users: Users, environment: str) -> None:
    path = layout.instance(environment).hub_credential
    name = INSTANCE_PREFIX + environment
    credential = read_json(path)
    if credential is None:
        credential = {"name": name, "password": generate_password()}
        write_json(path, credential)
    if name not in users.names():
        users.set_password(name, credential["password"], ("idp:instances",))


def _pin_keys(layout: Layout, settings: PlatformSettings) -> None:
    """Give every instance the public keys of all; after that nobody can change what it trusts."""
    instances = {name: layout.instance(name) for name in settings.instances}
    missing = [i.trusted_keys for i in instances.values() if read_json(i.trusted_keys) is None]
    if not missing:
        return
    # Sealing and opening a key takes a fifth of a second each, on purpose; here side by side.
    with ThreadPoolExecutor() as threads:
        signers = threads.map(lambda instance: open_signer(instance.keys), instances.values())
        keys = {name: signer.public_key for name, signer in zip(instances, signers, strict=True)}
    for path in missing:
        write_json(path, keys)


def _pin_authorities(layout: Layout, settings: PlatformSettings) -> None:
    paths = [layout.instance(name).authorities for name in settings.instances]
    for path in paths:
        if read_json(path) is None:
            add_authorities(path, layout, settings)


def add_authorities(path: Path, layout: Layout, settings: PlatformSettings) -> None:
    """Pin the hub's authorities in a file, beside those that it holds."""
    authorities = open_authorities(layout.signing_authorities, settings.hub_url)
    present: dict[str, list[str]] = read_json(path) or {}
    own = {
        CERTIFICATE_AUTHORITY: pem_of(authorities.certificates.certificate),
        TIMESTAMP_AUTHORITY: pem_of(authorities.timestamps.certificate),
    }
    pinned = {role: [*dict.fromkeys([*present.get(role, ()), pem])] for role, pem in own.items()}
    write_json(path, {**present, **pinned})


def create_administrator(layout: Layout, name: str, password: str) -> None:
    """Create the first administrator.

    Raises:
        Invalid: The name or the password breaks a rule.
    """
    open_users(layout).set_password(name, password, (ADMINISTRATORS,))
