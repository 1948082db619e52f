"""The small pure decisions about a container: restarts, probes, users, quantities, refusals."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from idp.embedded.workloads.images.ports import Image, ImageConfig
from idp.embedded.workloads.pods.probes import (
    Exec,
    HttpGet,
    Probe,
    Streak,
    TcpSocket,
    parse,
    parse_action,
)
from idp.embedded.workloads.pods.quantity import parse_quantity
from idp.embedded.workloads.pods.record import Terminated
from idp.embedded.workloads.pods.refusals import refusals
from idp.embedded.workloads.pods.restarts import (
    crashes_after,
    delay,
    seconds_left,
    starts_again,
)
from idp.embedded.workloads.pods.user import user_of
from idp.embedded.workloads.pods.validation import check
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest


@pytest.mark.parametrize(
    ("policy", "code", "init", "expected"),
    [
        ("Always", 0, False, True),
        ("Always", 1, False, True),
        ("OnFailure", 0, False, False),
        ("OnFailure", 1, False, True),
        ("Never", 1, False, False),
        ("Always", 0, True, False),
        ("Always", 1, True, True),
        ("Never", 1, True, False),
    ],
)
def test_who_starts_again(policy: str, code: int, init: bool, expected: bool) -> None:
    assert starts_again(policy, Terminated(code, ""), init=init) is expected


def test_waits_double_up_to_the_cap() -> None:
    assert [delay(n, 1, 300) for n in (0, 1, 2, 3, 9, 10, 1000)] == [0, 1, 2, 4, 256, 300, 300]


def test_a_long_life_forgives_crashes() -> None:
    start, end = "2026-11-24T12:00:00Z", "2026-11-24T12:10:00Z"
    assert crashes_after(5, Terminated(1, "", "", start, end), 600) == 1
    assert crashes_after(5, Terminated(1, "", "", start, end), 601) == 6
    assert crashes_after(5, Terminated(1, ""), 1) == 6


def test_a_wait_goes_on_after_a_restart_of_the_engine() -> None:
    ended = Terminated(1, "", finished_at="2026-11-24T12:00:00Z")
    assert seconds_left(ended, 60, datetime(2026, 11, 24, 12, 0, 45, tzinfo=UTC)) == 15


def test_thresholds() -> None:
    probe = Probe(Exec(("x",)), 0, 1, 1, success_threshold=2, failure_threshold=3)
    streak = Streak(probe, False)
    answers = [True, False, True, True, False, False, True, False, False, False]
    changes = [streak.count(answer) for answer in answers]
    assert [i for i, changed in enumerate(changes) if changed] == [3, 9]
    assert streak.verdict is False


POD: Manifest = {
    "metadata": {"name": "p", "annotations": {"platform.idp/port": "31234"}},
    "spec": {"containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}]},
}


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ({"httpGet": {"port": "http"}}, HttpGet("http://127.0.0.1:31234/")),
        (
            {
                "httpGet": {
                    "port": 9000,
                    "path": "up",
                    "scheme": "HTTPS",
                    "httpHeaders": [{"name": "A", "value": "b"}],
                }
            },
            HttpGet("https://127.0.0.1:9000/up", (("A", "b"),)),
        ),
        ({"tcpSocket": {"port": 8080}}, TcpSocket("127.0.0.1", 31234)),
        ({"exec": {"command": ["a", "b"]}}, Exec(("a", "b"))),
    ],
)
def test_actions(handler: Manifest, expected: Any) -> None:
    assert parse_action(handler, POD) == expected


def test_defaults_are_those_of_kubernetes() -> None:
    assert parse(None, POD) is None
    assert parse({"exec": {"command": ["x"]}}, POD) == Probe(Exec(("x",)), 0, 10, 1, 1, 3)


@pytest.mark.parametrize("handler", [{}, {"tcpSocket": {"port": "none"}}])
def test_a_probe_that_asks_nothing_is_refused(handler: Manifest) -> None:
    with pytest.raises(InvalidInput):
        parse_action(handler, POD)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("128Mi", 134217728), ("1.5Gi", 1610612736), ("500m", Decimal("0.5")), (2, 2), ("1k", 1000)],
)
def test_quantities(text: object, expected: Decimal) -> None:
    assert parse_quantity(text) == expected


@pytest.mark.parametrize("text", ["", "12XB", "-1", "1e3"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_quantity(text)


def image(root: Path, user: str = "", *, host: bool = False) -> Image:
    labels = {"platform.idp/base": "host"} if host else {}
    return Image("x@sha256:0", root, ImageConfig(user=user, labels=labels))


@pytest.mark.parametrize(
    ("user", "host", "pod", "container", "expected"),
    [
        ("", False, {}, {}, (0, 0)),
        ("", True, {}, {}, (65532, 65532)),
        ("7", False, {}, {}, (7, 7)),
        ("7:8", False, {}, {}, (7, 8)),
        ("app", False, {}, {}, (77, 78)),
        ("7", False, {"runAsUser": 9}, {}, (9, 7)),
        ("7", False, {"runAsUser": 9}, {"runAsUser": 10, "runAsGroup": 11}, (10, 11)),
        ("", True, {"runAsNonRoot": True}, {}, (65532, 65532)),
    ],
)
def test_users(
    tmp_path: Path,
    user: str,
    host: bool,
    pod: Manifest,
    container: Manifest,
    expected: tuple[int, int],
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/:\napp:x:77:78::/:\n")
    given: Manifest = {"spec": {"securityContext": pod}}
    found = user_of(given, {"securityContext": container}, image(tmp_path, user, host=host))
    assert found == expected


TOKEN: Manifest = {"serviceAccountToken": {"path": "x"}}
DROPPED: Manifest = {"capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": False}


def test_root_and_strangers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="runAsNonRoot"):
        user_of({"spec": {"securityContext": {"runAsNonRoot": True}}}, {}, image(tmp_path))
    with pytest.raises(InvalidInput, match="'ghost'"):
        user_of({"spec": {}}, {}, image(tmp_path, "ghost"))


def pod(spec: Manifest | None = None, **container: Any) -> Manifest:
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", **container}], **(spec or {})},
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pod(), []),
        (pod({"hostNetwork": False, "nodeSelector": {"a": "b"}, "hostAliases": []}), []),
        (pod({"hostNetwork": True}), ["spec.hostNetwork"]),
        (pod({"runtimeClassName": "x"}), ["spec.runtimeClassName"]),
        (
            pod({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "x"}}]}),
            ["spec.volumes[0].persistentVolumeClaim"],
        ),
        (
            pod({"volumes": [{"name": "v", "projected": {"sources": [TOKEN]}}]}),
            ["spec.volumes[0].projected.sources[0].serviceAccountToken"],
        ),
        (pod(ports=[{"hostPort": 1}]), ["spec.containers[0].ports[0].hostPort"]),
        (pod(securityContext=DROPPED), []),
        (
            pod(securityContext={"capabilities": {"add": ["NET_ADMIN"]}}),
            ["spec.containers[0].securityContext.capabilities.add"],
        ),
        (
            pod(resources={"limits": {"nvidia.com/gpu": 1}}),
            ["spec.containers[0].resources.limits.nvidia.com/gpu"],
        ),
        (pod(livenessProbe={"grpc": {"port": 1}}), ["spec.containers[0].livenessProbe.grpc"]),
        (
            pod(lifecycle={"postStart": {"exec": {"command": ["x"]}}}),
            ["spec.containers[0].lifecycle.postStart"],
        ),
        (pod(futureField="x"), ["spec.containers[0].futureField"]),
    ],
)
def test_what_is_refused_by_name(given: Manifest, expected: list[str]) -> None:
    assert refusals(given) == expected


def test_what_cannot_be_right_is_refused_before_anything_starts() -> None:
    failure = check(pod(resources={"limits": {"memory": "much"}}))
    assert failure is not None
    assert "'much' is not a quantity" in failure.message
    failure = check(pod(readinessProbe={"tcpSocket": {"port": "web"}}))
    assert failure is not None
    assert "'web'" in failure.message
    assert (
        check(pod(ports=[{"containerPort": 1}], readinessProbe={"tcpSocket": {"port": 1}})) is None
    )
