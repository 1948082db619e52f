from __future__ import annotations

import pytest

from idp.embedded.apiserver.admission.storage_class import set_storage_class
from idp.kernel.resource import Manifest


def class_(name: str, created: str, default: str = "true") -> Manifest:
    annotations = {"storageclass.kubernetes.io/is-default-class": default}
    return {"metadata": {"name": name, "creationTimestamp": created, "annotations": annotations}}


OLD = class_("old", "2026-01-01T00:00:00Z")
NEW = class_("new", "2026-06-01T00:00:00Z")
TWIN = class_("a-twin", "2026-06-01T00:00:00Z")
OTHER = class_("other", "2026-09-01T00:00:00Z", "false")


@pytest.mark.parametrize(
    ("classes", "spec", "chosen"),
    [
        ([], {}, None),
        ([OTHER], {}, None),
        ([OLD, OTHER], {}, "old"),
        ([OLD, NEW], {}, "new"),
        ([NEW, TWIN], {}, "a-twin"),
        ([OLD], {"storageClassName": "mine"}, "mine"),
        ([OLD], {"storageClassName": ""}, ""),
    ],
)
def test_the_class_of_a_claim(classes: list[Manifest], spec: Manifest, chosen: str | None) -> None:
    claim: Manifest = {"metadata": {}, "spec": dict(spec)}
    set_storage_class(claim, classes)
    assert claim["spec"].get("storageClassName") == chosen
