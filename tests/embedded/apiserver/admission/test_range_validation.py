"""What kube-apiserver 1.36 answered to the same objects."""

from __future__ import annotations

import pytest

from idp.embedded.apiserver.admission.limits import set_range_defaults
from idp.embedded.apiserver.admission.range_validation import range_causes
from idp.kernel.resource import Manifest


def container(**fields: dict[str, str]) -> Manifest:
    return {"type": "Container", **fields}


@pytest.mark.parametrize(
    ("limits", "causes"),
    [
        ([container(max={"cpu": "1"}, min={"cpu": "1"}, default={"cpu": "1"})], []),
        (
            [
                container(default={"cpu": "200m"}, max={"cpu": "100m"}, min={"cpu": "150m"}),
                {"type": "Pod", "default": {"cpu": "1"}},
            ],
            [
                (
                    "spec.limits[0].min[cpu]",
                    'Invalid value: "150m": min value 150m is greater than max value 100m',
                ),
                (
                    "spec.limits[0].defaultRequest[cpu]",
                    'Invalid value: "200m": default request value 200m is greater than max value '
                    "100m",
                ),
                (
                    "spec.limits[0].default[cpu]",
                    'Invalid value: "100m": default value 200m is greater than max value 100m',
                ),
                (
                    "spec.limits[1].default",
                    "Forbidden: may not be specified when `type` is 'Pod'",
                ),
            ],
        ),
        (
            [container(), container()],
            [("spec.limits[1].type", 'Duplicate value: "Container"')],
        ),
        (
            [container(maxLimitRequestRatio={"cpu": "500m"})],
            [
                (
                    "spec.limits[0].maxLimitRequestRatio[cpu]",
                    'Invalid value: "500m": ratio 500m is less than 1',
                )
            ],
        ),
        (
            [{"type": "PersistentVolumeClaim"}],
            [
                (
                    "spec.limits[0].limits",
                    "Required value: either minimum or maximum storage value is required, but "
                    "neither was provided",
                )
            ],
        ),
    ],
)
def test_ranges(limits: list[Manifest], causes: list[tuple[str, str]]) -> None:
    manifest: Manifest = {"spec": {"limits": limits}}
    set_range_defaults(manifest)
    assert [(cause.field, cause.message) for cause in range_causes(manifest)] == causes
