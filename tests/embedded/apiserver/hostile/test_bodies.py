"""Bodies: too long, too deep, not what they say, numbers out of range."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest

from embedded.apiserver.hostile.conftest import JSON, MAPS, YAML, Attacker

LIMIT = 3 * 1024 * 1024


def head(attacker: Attacker, *lines: str) -> bytes:
    fixed = [
        f"POST {MAPS} HTTP/1.1",
        f"Host: 127.0.0.1:{attacker.port}",
        f"Authorization: Bearer {attacker.token}",
        "Content-Type: application/json",
    ]
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


async def answered(reader: asyncio.StreamReader) -> int:
    """The status code of the answer; 0 when the connection was closed without one."""
    try:
        async with asyncio.timeout(30):
            line = await reader.readline()
    except ConnectionError:
        return 0
    return int(line.split()[1]) if line else 0


async def test_a_long_body_is_refused_before_it_is_read(attacker: Attacker) -> None:
    reader, writer = await attacker.raw()
    writer.write(head(attacker, f"Content-Length: {10**12}"))
    assert await answered(reader) == 413
    writer.close()


async def test_an_endless_body_is_refused_at_the_limit(attacker: Attacker) -> None:
    reader, writer = await attacker.raw()
    writer.write(head(attacker, "Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

    async def pour() -> None:
        try:
            for _ in range(20 * LIMIT // 0x10000):
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            pass  # hung up on, as it should be

    pouring = asyncio.create_task(pour())
    assert await answered(reader) == 413
    pouring.cancel()
    writer.transport.abort()


@pytest.mark.parametrize(
    "lies",
    [
        ("Content-Length: -1",),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 0x5",),
        ("Transfer-Encoding: xchunked",),
    ],
)
async def test_lengths_that_lie(attacker: Attacker, lies: tuple[str, ...]) -> None:
    reader, writer = await attacker.raw()
    writer.write(head(attacker, *lies) + b"12345")
    assert await answered(reader) in (400, 413)
    writer.transport.abort()


async def test_a_compressed_bomb_stays_small(attacker: Attacker) -> None:
    bomb = gzip.compress(b'{"metadata":{"name":"a"},"data":{"x":"' + b"a" * 64 * 1024 * 1024)
    headers = {"Content-Encoding": "gzip"}
    answer = await attacker.refused("POST", MAPS, bomb, **headers)
    assert answer.status in (400, 413, 415)


@pytest.mark.parametrize("content_type", [JSON, YAML, "application/apply-patch+yaml"])
@pytest.mark.parametrize("opened", [b"[", b'{"a":'])
async def test_deep_nesting(attacker: Attacker, content_type: str, opened: bytes) -> None:
    for depth in (500, 2_000, 100_000):
        body = b'{"metadata":{"name":"a"},"data":' + opened * depth
        apply = content_type.startswith("application/apply")
        method, path = ("PATCH", f"{MAPS}/a?fieldManager=x") if apply else ("POST", MAPS)
        await attacker.refused(method, path, body, content_type)
    body = b'{"metadata":{"name":"a","annotations":' + b'{"a":' * 900 + b"1" + b"}" * 902
    await attacker.refused("POST", MAPS, body, JSON)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"metadata":{"name":"a"},"data":{"x":"\xff\xfe"}}', JSON),
        (b'{"metadata":{"name":"a"},"data":{"x":"\\ud800"}}', JSON),
        ('{"metadata":{"name":"a"}}'.encode("utf-16"), JSON),
        (b'\xef\xbb\xbf{"metadata":{"name":"a"}}', JSON),
        (b"metadata: {name: a}\ndata: {x: '\xff'}", YAML),
        (b'metadata: {name: a}\ndata: {x: "\\ud800"}', YAML),
        (b'metadata: {name: a}\ndata: {"\\udfff": x}', YAML),
        (b'metadata: {name: "a\\0b"}', YAML),
        (b"a: &a [*a]", YAML),
        (b"a: !!python/object/apply:os.system [id]", YAML),
        (b"a: 1\n---\nb: 2", YAML),
        (b"\x6b\x38\x73\x00\xff\xff\xff\xff\xff", "application/vnd.kubernetes.protobuf"),
        (b"k8s", "application/vnd.kubernetes.protobuf"),
        (b"{}", "text/html"),
    ],
)
async def test_what_is_no_text(attacker: Attacker, body: bytes, content_type: str) -> None:
    await attacker.refused("POST", MAPS, body, content_type)


async def test_aliases_do_not_multiply(attacker: Attacker) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    await attacker.refused("POST", MAPS, "\n".join(lines).encode(), YAML)


async def test_long_yaml_holds_nobody_up(attacker: Attacker) -> None:
    body = b"metadata: {name: a}\ndata:\n" + b"".join(b" k%d: v\n" % n for n in range(6_000))
    answer, served = await attacker.alone(attacker.send("POST", MAPS, body, YAML))
    assert answer.status == 201
    assert served > 1


async def test_duplicate_keys_are_told_within_bounds(attacker: Attacker) -> None:
    pairs = ",".join(f'"k{n % 20_000}":"1"' for n in range(40_000))
    body = ('{"metadata":{"name":"a"},"data":{' + pairs + "}}").encode()
    answer = await attacker.refused("POST", f"{MAPS}?fieldValidation=Strict", body)
    assert 'duplicate field "data.k0"' in answer.message
    assert (await attacker.send("POST", MAPS, body)).status == 201


NUMBERS = [
    "1e400", "-1e400", "1e300", "18446744073709551616", "9223372036854775808",
    "-9223372036854775809", "1e19", "1e999999999", "1" * 5000, "NaN", "Infinity", "0x10", "01",
    "1.5", "true", '"1"',
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:24])
async def test_numbers_out_of_range(attacker: Attacker, deployment: str, number: str) -> None:
    body = f'{{"spec":{{"replicas":{number}}}}}'.encode()
    for content_type in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
        await attacker.refused("PATCH", deployment, body, content_type)
    applied = '{"apiVersion":"apps/v1","kind":"Deployment",' + body.decode()[1:]
    path = f"{deployment}?fieldManager=x&force=true"
    await attacker.refused("PATCH", path, applied.encode(), "application/apply-patch+yaml")
    await attacker.refused("PATCH", f"{deployment}/scale", body, "application/merge-patch+json")


@pytest.mark.parametrize("number", ["-0", "-0.0", "1e3", "2.0"])
async def test_numbers_that_are_whole(attacker: Attacker, deployment: str, number: str) -> None:
    body = f'{{"spec":{{"replicas":{number}}}}}'.encode()
    answer = await attacker.send("PATCH", deployment, body, "application/merge-patch+json")
    assert answer.status == 200
    assert json.dumps(answer.body["spec"]["replicas"]) == str(int(float(number)))


WRONG: list[Any] = [5, None, "x", [], [5], {"metadata": 5}, {"metadata": []}, {"spec": []}]


@pytest.mark.parametrize("body", WRONG, ids=json.dumps)
async def test_bodies_of_another_shape(attacker: Attacker, deployment: str, body: Any) -> None:
    account = "/api/v1/namespaces/default/serviceaccounts/default/token"
    for method, path in (
        ("PUT", deployment),
        ("PUT", f"{deployment}/status"),
        ("PUT", f"{deployment}/scale"),
        ("POST", MAPS),
        ("DELETE", f"{MAPS}/none"),
        ("POST", account),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews"),
        ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"),
    ):
        answer = await attacker.send(method, path, body)
        assert answer.status < 500, (method, path, answer)


@pytest.mark.parametrize(
    "options",
    [
        {"gracePeriodSeconds": "x"},
        {"gracePeriodSeconds": 1.5},
        {"preconditions": []},
        {"preconditions": {"uid": 5}},
        {"propagationPolicy": {}},
        {"propagationPolicy": "x"},
    ],
    ids=json.dumps,
)
async def test_options_of_another_shape(
    attacker: Attacker, deployment: str, options: dict[str, Any]
) -> None:
    await attacker.refused("DELETE", deployment, options)
