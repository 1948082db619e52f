"""The definition of VirtualService."""

from __future__ import annotations

from idp.embedded.gateway import custom_resource_definitions
from idp.kernel.standard import VIRTUAL_SERVICE


def test_virtual_services_of_both_versions_are_served_and_one_is_stored() -> None:
    (definition,) = custom_resource_definitions()
    spec = definition["spec"]
    assert spec["names"]["plural"] == VIRTUAL_SERVICE.plural
    assert [(v["name"], v["storage"]) for v in spec["versions"]] == [
        (VIRTUAL_SERVICE.version, True),
        ("v1beta1", False),
    ]
    assert all("status" in version["subresources"] for version in spec["versions"])
