"""JSONPath and durations."""

from __future__ import annotations

import pytest

from idp.embedded.apiserver.tables.ages import human_duration
from idp.embedded.apiserver.tables.jsonpath import find
from idp.kernel.errors import InvalidInput

OBJECT = {
    "metadata": {"labels": {"app.kubernetes.io/name": "web", "plain": "x"}},
    "spec": {"ports": [{"port": 80}, {"port": 443}]},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "Synced", "status": "False"},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".metadata.labels.plain", ["x"]),
        (r".metadata.labels.app\.kubernetes\.io/name", ["web"]),
        (".metadata.labels['app.kubernetes.io/name']", ["web"]),
        (".spec.ports[0].port", [80]),
        (".spec.ports[-1].port", [443]),
        (".spec.ports[*].port", [80, 443]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type!='Ready')].status", ["False"]),
        (".spec.nothing.here", []),
        (".spec.ports[9].port", []),
    ],
)
def test_jsonpath(path: str, found: list[object]) -> None:
    assert find(OBJECT, path) == found


def test_other_jsonpath_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not a JSONPath"):
        find(OBJECT, ".spec[?(@.a > 1)]")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (601, "10m"),
        (10800, "3h"),
        (11700, "3h15m"),
        (3600 * 9, "9h"),
        (86400 * 3 + 7200, "3d2h"),
        (86400 * 30, "30d"),
        (86400 * 365 * 9, "9y"),
        (-5, "<invalid>"),
    ],
)
def test_durations(seconds: int, shown: str) -> None:
    assert human_duration(seconds) == shown
