from __future__ import annotations

from pathlib import Path

import pytest

from idp.apps.platform import setup
from idp.apps.platform.files import read_json
from idp.apps.platform.layout import ENVIRONMENTS, Layout
from idp.apps.platform.settings import settings_from_port


def test_every_instance_pins_the_keys_of_all(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    setup.prepare(layout, settings_from_port(9600))
    pinned = [read_json(layout.instance(name).trusted_keys) for name in ENVIRONMENTS]
    assert list(pinned[0]) == list(ENVIRONMENTS)
    assert all(keys == pinned[0] for keys in pinned)
    assert len(set(pinned[0].values())) == len(ENVIRONMENTS)


def test_what_was_set_up_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path)
    setup.prepare(layout, settings_from_port(9600))
    credential = read_json(layout.instance("uat").hub_credential)

    def opened(folder: Path) -> None:
        raise AssertionError(f"opened {folder}")

    monkeypatch.setattr(setup, "open_signer", opened)
    setup.prepare(layout, settings_from_port(9600))
    assert read_json(layout.instance("uat").hub_credential) == credential


def test_an_interrupted_set_up_is_finished(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    setup.prepare(layout, settings_from_port(9600))
    keys = read_json(layout.instance("uat").trusted_keys)
    layout.instance("production").trusted_keys.unlink()
    setup.prepare(layout, settings_from_port(9600))
    assert read_json(layout.instance("production").trusted_keys) == keys
