from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idp.apps.platform.layout import ENVIRONMENTS, Layout
from idp.apps.platform.pins import PinnedFile
from idp.apps.platform.settings import settings_from_port
from idp.apps.platform.setup import prepare
from idp.apps.platform.signing_keys import list_keys, revoke_key, rotate_key
from idp.capabilities.signing.ring import active_signer
from idp.kernel.errors import NotFound, VerificationFailed
from idp.kernel.trust import pinned_keys
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST
from idp.protocols.signing import encrypted
from idp.protocols.signing.cosign import sign_digest, verify_digest
from idp.protocols.signing.transparency.log import LoggedKey, MemoryLog

NOW = datetime.now(UTC)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(encrypted, "_STANDARD", encrypted._LEGACY)
    layout = Layout(tmp_path)
    prepare(layout, settings_from_port(9600))
    return layout


def test_every_instance_pins_the_next_key(layout: Layout) -> None:
    pins = {name: PinnedFile(layout.instance(name).trusted_keys) for name in ENVIRONMENTS}
    assert all(len(pinned_keys(keys, "staging")) == 1 for keys in pins.values())
    made = rotate_key(layout, "staging", NOW, timedelta(days=7))
    for keys in pins.values():
        old, new = pinned_keys(keys, "staging")
        assert new.public_key == made.public_key
        assert old.not_after is not None
        assert len(pinned_keys(keys, "uat")) == 1
        assert set(keys) == set(ENVIRONMENTS)
    prepare(layout, settings_from_port(9600))
    assert [key.id for key in list_keys(layout, "staging").keys][-1] == made.id


async def test_what_was_signed_before_holds_until_the_key_is_revoked(layout: Layout) -> None:
    keys = PinnedFile(layout.instance("production").trusted_keys)
    key = active_signer(layout.instance("staging").keys)
    signer = LoggedKey(key, MemoryLog(key, "staging", clock=lambda: NOW - timedelta(days=2)))
    registry = MemoryRegistry()
    config = await registry.push_blob("demo/hello", b"{}", IMAGE_CONFIG)
    body = {"mediaType": IMAGE_MANIFEST, "config": config.as_json(), "layers": []}
    image = (await registry.push_manifest("demo/hello", body)).digest
    await sign_digest(registry, "demo/hello", image, signer)
    rotate_key(layout, "staging", NOW - timedelta(days=1), timedelta(0))
    assert await verify_digest(registry, "demo/hello", image, keys) == "staging"
    identity = list_keys(layout, "staging").keys[0].id
    revoke_key(layout, "staging", identity, "the disk was stolen", None)
    with pytest.raises(VerificationFailed, match="the disk was stolen"):
        await verify_digest(registry, "demo/hello", image, keys)


def test_an_unknown_environment_is_named(layout: Layout) -> None:
    with pytest.raises(NotFound, match="'moon'"):
        rotate_key(layout, "moon", NOW, timedelta(0))


def test_pins_that_are_absent_pin_nobody(tmp_path: Path) -> None:
    assert dict(PinnedFile(tmp_path / "absent")) == {}
