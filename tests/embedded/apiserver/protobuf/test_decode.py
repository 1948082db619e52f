"""Bodies that others made, and hand-made ones.

`kubectl-1.32.json`: what kubectl really sent; the manifests beside the bodies were compared with
what `kubectl ... --dry-run=client -o json` prints for the same command. `kubernetes-1.33.json`: for
each kind an object with random values, written in both forms by Kubernetes' own Go libraries; zero
values are left out of the JSON.
"""

from __future__ import annotations

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.embedded.apiserver.protobuf.decode import MAX_BYTES, decode
from idp.embedded.apiserver.protobuf.fields import fields_of
from idp.embedded.apiserver.protobuf.tables.kinds import KINDS, OPTIONS
from idp.kernel.errors import IdpError, InvalidInput, TooLarge, UnsupportedMediaType

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "kubectl-1.32.json").read_text())
GENERATED = json.loads((HERE / "kubernetes-1.33.json").read_text())


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    result = b""
    while value >= 0x80:
        result += bytes([value & 0x7F | 0x80])
        value >>= 7
    return result + bytes([value])


def text(number: int, value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def integer(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def body(api_version: str, kind: str, raw: bytes) -> bytes:
    return b"k8s\x00" + text(1, text(1, api_version) + text(2, kind)) + text(2, raw)


@pytest.mark.parametrize("recorded", RECORDED, ids=[r["command"][:60] for r in RECORDED])
def test_what_kubectl_sends(recorded: dict[str, Any]) -> None:
    assert decode(base64.b64decode(recorded["body"])) == recorded["manifest"]


def without_zeros(value: Any) -> Any:
    if isinstance(value, dict):
        members = {key: without_zeros(member) for key, member in value.items()}
        return {key: m for key, m in members.items() if m not in (None, {}, [], "", 0, False)}
    return [without_zeros(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("pair", GENERATED, ids=lambda pair: pair["manifest"]["kind"])
def test_both_forms_of_an_object_are_the_same_object(pair: dict[str, Any]) -> None:
    assert without_zeros(decode(base64.b64decode(pair["body"]))) == pair["manifest"]


def test_every_kind_was_compared() -> None:
    compared = {(p["manifest"]["apiVersion"], p["manifest"]["kind"]) for p in GENERATED}
    inside_cron_job = {("batch/v1", "Job")}
    sent_whole = {("certificates.k8s.io/v1", "CertificateSigningRequest")}
    assert sent_whole <= {(r["manifest"]["apiVersion"], r["manifest"]["kind"]) for r in RECORDED}
    known = set(KINDS) | {("v1", "DeleteOptions")}
    assert compared | inside_cron_job | sent_whole == known


def test_bytes_are_base64_as_in_json() -> None:
    (secret,) = (r for r in RECORDED if r["command"].startswith("create secret generic"))
    assert decode(base64.b64decode(secret["body"]))["data"] == {"password": "eA=="}


def test_delete_options_of_any_group() -> None:
    raw = integer(1, 0) + text(2, text(1, "u1")) + text(4, "Orphan") + text(5, "All")
    for api_version in ("v1", "policy/v1", "meta.k8s.io/v1"):
        assert decode(body(api_version, "DeleteOptions", raw)) == {
            "apiVersion": api_version,
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": "u1"},
            "propagationPolicy": "Orphan",
            "dryRun": ["All"],
        }


def test_times_numbers_and_pointers_of_a_lease() -> None:
    moment = integer(1, 1_790_000_000) + integer(2, 123_456_000)
    spec = text(1, "me") + integer(2, 15) + text(3, moment) + integer(5, 0)
    meta = text(1, "l") + integer(7, 0) + text(8, integer(1, 1_790_000_000)) + text(11, b"")
    manifest = decode(body("coordination.k8s.io/v1", "Lease", text(1, meta) + text(2, spec)))
    assert manifest["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-09-21T14:13:20.123456Z",
        "leaseTransitions": 0,
    }
    assert manifest["metadata"]["creationTimestamp"] == "2026-09-21T14:13:20Z"


def test_negative_numbers() -> None:
    raw = text(1, text(1, "low")) + integer(2, -5)
    assert decode(body("scheduling.k8s.io/v1", "PriorityClass", raw))["value"] == -5


def test_extras_of_a_review_are_lists() -> None:
    extra = text(1, "scopes") + text(2, text(1, "a") + text(1, "b"))
    raw = text(2, text(3, "alice") + text(4, "devs") + text(5, extra))
    spec = decode(body("authorization.k8s.io/v1", "SubjectAccessReview", raw))["spec"]
    assert spec == {"user": "alice", "groups": ["devs"], "extra": {"scopes": ["a", "b"]}}


def test_a_probe_and_its_handler_are_one_object() -> None:
    port = integer(1, 0) + integer(2, 8080)
    probe = text(1, text(2, text(1, "/ready") + text(2, port))) + integer(2, 3)
    container = text(1, "c") + text(11, probe)
    raw = text(2, text(2, container))
    manifest = decode(body("v1", "Pod", raw))
    assert manifest["spec"]["containers"] == [
        {
            "name": "c",
            "readinessProbe": {
                "httpGet": {"path": "/ready", "port": 8080},
                "initialDelaySeconds": 3,
            },
        }
    ]


def test_a_status_is_skipped_on_the_object_and_refused_alone() -> None:
    raw = text(1, text(1, "d")) + text(3, integer(1, 7))
    sent = body("apps/v1", "Deployment", raw)
    assert "status" not in decode(sent)
    with pytest.raises(UnsupportedMediaType, match="status of Deployment"):
        decode(sent, subresource="status")


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedMediaType, match="kind Node of v1") as caught:
        decode(body("v1", "Node", b""))
    assert caught.value.remedy is not None
    assert "application/json" in caught.value.remedy


def test_a_field_that_is_not_decoded_is_refused_unless_it_is_empty() -> None:
    with pytest.raises(UnsupportedMediaType, match=r"field 99 of core\.ConfigMap"):
        decode(body("v1", "ConfigMap", text(99, "x")))
    assert decode(body("v1", "ConfigMap", text(99, "") + integer(98, 0)))["kind"] == "ConfigMap"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"kind": "Pod"}',
        body("v1", "ConfigMap", text(1, "x")[:-1]),
        body("v1", "ConfigMap", text(1, text(1, b"\xff"))),
        body("v1", "ConfigMap", b"\xff" * 12),
        body("v1", "ConfigMap", integer(1, 5)),
        body("v1", "ConfigMap", text(4, "true")),
        body("v1", "ConfigMap", b"\x0b"),
        body("v1", "ConfigMap", text(0, "x")),
        body("v1", "ConfigMap", text(1, text(8, integer(1, 1 << 62)))),
        body("v1", "ConfigMap", text(1, text(17, text(7, text(1, "{"))))),
    ],
)
def test_malformed_bodies_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode(data)


def test_encoded_bodies_are_refused() -> None:
    with pytest.raises(UnsupportedMediaType, match="encoded"):
        decode(body("v1", "ConfigMap", b"") + text(3, "gzip"))


def test_large_bodies_are_refused() -> None:
    with pytest.raises(TooLarge):
        decode(b"k8s\x00" + b"\x00" * MAX_BYTES)


@given(st.binary(max_size=200), st.sampled_from(sorted(KINDS)))
def test_no_bytes_do_worse_than_an_error(raw: bytes, kind: tuple[str, str]) -> None:
    with contextlib.suppress(IdpError):
        decode(body(*kind, raw))


@given(st.data())
def test_no_change_of_a_real_body_does_worse_than_an_error(data: st.DataObject) -> None:
    sent = bytearray(base64.b64decode(data.draw(st.sampled_from(RECORDED))["body"]))
    position = data.draw(st.integers(4, len(sent) - 1))
    sent[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(IdpError):
        decode(bytes(sent))


def test_every_table_that_a_kind_reaches_is_there() -> None:
    waiting, seen = [*KINDS.values(), *OPTIONS.values()], set()
    while waiting:
        message = waiting.pop()
        if message in seen:
            continue
        seen.add(message)
        for field in fields_of(message).values():
            if "." in field.type:
                waiting.append(field.type.lstrip("L"))
            else:
                assert field.type in {*"sbiyTUQIR-", "Ls"}
    assert len(seen) > 150
