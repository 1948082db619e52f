from __future__ import annotations

import json
from pathlib import Path

import pytest

from idp.apps.platform.files import read_json, write_json
from idp.apps.platform.layout import ENVIRONMENTS, Layout, default_data_folder
from idp.apps.platform.oidc import oidc_issuer
from idp.apps.platform.settings import (
    OidcSettings,
    load_settings,
    require_settings,
    save_settings,
    settings_from_port,
)
from idp.kernel.errors import MissingPrerequisite


def test_ports_do_not_meet() -> None:
    ports = settings_from_port(9600).ports()
    assert len(ports) == len(set(ports.values())) == 1 + 2 * len(ENVIRONMENTS)


def test_settings_come_back_as_they_were(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    assert load_settings(layout) is None
    save_settings(layout, settings_from_port(9600))
    assert load_settings(layout) == settings_from_port(9600)
    assert layout.settings.stat().st_mode & 0o077 == 0


def test_a_single_sign_on_is_kept_and_becomes_an_issuer(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    oidc = OidcSettings(
        issuer_url="https://login.example", client_id="idp", username_prefix="-", ca_file="/ca.pem"
    )
    save_settings(layout, settings_from_port(9600).model_copy(update={"oidc": oidc}))
    issuer = oidc_issuer(require_settings(layout).oidc)
    assert issuer is not None
    assert (issuer.url, issuer.username_prefix) == ("https://login.example", "")
    assert issuer.authority == Path("/ca.pem")


def test_without_a_single_sign_on_the_settings_are_as_they_were(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    save_settings(layout, settings_from_port(9600))
    assert "oidc" not in (read_json(layout.settings) or {})
    assert oidc_issuer(require_settings(layout).oidc) is None


def test_a_folder_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    body = settings_from_port(9600).model_dump() | {"format": 99, "new": True}
    write_json(layout.settings, body)
    with pytest.raises(MissingPrerequisite, match="newer version"):
        load_settings(layout)
    assert read_json(layout.settings) == body


def test_damaged_settings_are_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.settings.write_text(json.dumps({"format": 1, "hub": "x", "instances": {}}))
    with pytest.raises(MissingPrerequisite, match="damaged"):
        load_settings(layout)


def test_no_platform_names_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(MissingPrerequisite) as raised:
        require_settings(Layout(tmp_path))
    assert "idp-cli up" in str(raised.value.remedy)


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IDP_DATA", str(tmp_path / "x"))
    assert default_data_folder() == tmp_path / "x"
    monkeypatch.delenv("IDP_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / "idp"
