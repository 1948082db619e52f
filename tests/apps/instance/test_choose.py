from __future__ import annotations

from pathlib import Path

import pytest

from idp.apps.instance.control_planes.choose import open_control_plane
from idp.apps.instance.control_planes.ports import Place
from idp.apps.platform.control_plane import ControlPlaneSettings
from idp.apps.platform.layout import Layout
from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer
from idp.kernel.audit import AuditLog
from idp.kernel.database import open_database
from idp.kernel.errors import MissingPrerequisite


def test_an_outside_issuer_is_refused_by_name(tmp_path: Path) -> None:
    audit = AuditLog(open_database(f"sqlite:///{tmp_path / 'history'}", []))
    issuer = OidcIssuer("https://login.example.com", "idp")
    settings = ControlPlaneSettings(kind="envtest")
    with pytest.raises(MissingPrerequisite, match=r"login\.example\.com .* envtest"):
        open_control_plane(Place(Layout(tmp_path), "uat", 1, settings, audit, issuer))
