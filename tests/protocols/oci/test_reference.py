"""Image references: what is read, what is refused."""

from __future__ import annotations

import pytest

from idp.kernel.errors import InvalidInput
from idp.protocols.oci.reference import Reference, parse_reference

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8600/demo/hello:1.0", Reference("127.0.0.1:8600", "demo/hello", "1.0")),
        (f"host.example/a/b@{DIGEST}", Reference("host.example", "a/b", digest=DIGEST)),
        (f"localhost/a/b:t@{DIGEST}", Reference("localhost", "a/b", "t", DIGEST)),
        ("[::1]:5000/a/b:t", Reference("[::1]:5000", "a/b", "t")),
        ("ghcr.io/a/b/c-d__e.f:X_1", Reference("ghcr.io", "a/b/c-d__e.f", "X_1")),
    ],
)
def test_a_reference_is_read_and_written_back(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "python",
        "python:3",
        "library/python:3",
        "host.example/one",
        "host.example/A/b",
        "host.example/a//b",
        "host.example/a/../b",
        "host.example/a/b:",
        "host.example/a/b:.x",
        "host.example/a/b@",
        "host.example/a/b@sha256:abc",
        f"host.example/a/b@{DIGEST}0",
        f"host.example/a/b@{DIGEST.upper()}",
        "http://host.example/a/b",
        "host.example:port/a/b",
        "-host.example/a/b",
        "host.example/a/b\n",
        f"host.example/{'a/' * 200}b",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_reference(text)
    assert refusal.value.remedy


def test_the_digest_decides() -> None:
    assert parse_reference(f"localhost/a/b:t@{DIGEST}").target == DIGEST
    assert parse_reference("localhost/a/b:t").target == "t"
    with pytest.raises(InvalidInput, match="neither"):
        _ = parse_reference("localhost/a/b").target
