"""A key is replaced in whole steps: killed anywhere, the next call goes on."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.signing.ring import (
    active_signer,
    converge,
    read_ring,
    revoke,
    rotate,
)
from idp.kernel import files
from idp.kernel.errors import Conflict, InvalidInput, NotFound
from idp.kernel.trust import PinnedKey
from idp.protocols.signing import encrypted
from idp.protocols.signing.keys import key_id, verify_signature

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deriving a key from a password is slow on purpose, and not what is tested here."""

    def derive(password: bytes, salt: bytes, _parameters: object) -> bytes:
        return hashlib.sha256(salt + password).digest()

    monkeypatch.setattr(encrypted, "_derive", derive)


class Pins:
    """What somebody else has pinned."""

    def __init__(self) -> None:
        self.keys: Sequence[PinnedKey] = ()

    def __call__(self, keys: Sequence[PinnedKey]) -> None:
        self.keys = keys


def test_without_a_rotation_the_one_key_always_counts(tmp_path: Path) -> None:
    key = active_signer(tmp_path)
    assert [(k.id, k.pin().bounded) for k in read_ring(tmp_path).keys] == [
        (key_id(key.public_key), False)
    ]


def test_both_keys_count_during_the_overlap(tmp_path: Path) -> None:
    before, pins = active_signer(tmp_path), Pins()
    made = rotate(tmp_path, NOW, WEEK, pins)
    after = active_signer(tmp_path)
    assert after.public_key == made.public_key != before.public_key
    assert list(pins.keys) == [
        PinnedKey(before.public_key, not_after=NOW + WEEK),
        PinnedKey(after.public_key, not_before=NOW),
    ]
    verify_signature(after.public_key, b"x", after.sign(b"x"))


def test_a_shorter_overlap_later_does_not_lengthen_an_older_end(tmp_path: Path) -> None:
    pins = Pins()
    for day in (0, 1, 2):
        rotate(tmp_path, NOW + timedelta(days=day), WEEK, pins)
    assert [key.not_after for key in pins.keys] == [
        NOW + WEEK,
        NOW + WEEK + timedelta(days=1),
        NOW + WEEK + timedelta(days=2),
        None,
    ]


def test_the_next_key_is_pinned_before_it_signs(tmp_path: Path) -> None:
    before = active_signer(tmp_path).public_key

    def offline(keys: Sequence[PinnedKey]) -> None:
        assert active_signer(tmp_path).public_key == before
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        rotate(tmp_path, NOW, WEEK, offline)
    assert active_signer(tmp_path).public_key == before
    pins = Pins()
    converge(tmp_path, pins)
    assert active_signer(tmp_path).public_key == pins.keys[-1].public_key != before


def die_at(step: int, folder: Path) -> int:
    """Rotate in a process that kills itself at a file operation; its exit status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    count, sync = 0, os.fsync

    def fsync(descriptor: Any) -> None:
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(descriptor)

    setattr(os, "fsync", fsync)  # noqa: B010 - mypy knows its exact signature
    pinned = folder / "pinned"
    rotate(folder, NOW, WEEK, lambda keys: files.replace_file(pinned, repr(keys).encode()))
    os._exit(0)


def test_killed_at_every_write_it_converges_on_one_next_key(tmp_path: Path) -> None:
    killed, step = 0, 1
    while True:
        folder = tmp_path / str(step)
        before = active_signer(folder).public_key
        status = die_at(step, folder)
        active_signer(folder)  # an instance that starts now has a key
        pins = Pins()
        rotate(folder, NOW, WEEK, pins) if status else converge(folder, pins)
        ring = read_ring(folder)
        assert len(ring.keys) == 2 or (status and len(ring.keys) == 3)
        assert not any(key.pending for key in ring.keys)
        assert [key.public_key for key in pins.keys] == [key.public_key for key in ring.keys]
        assert pins.keys[0].public_key == before
        assert active_signer(folder).public_key == ring.active.public_key
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        killed, step = killed + 1, step + 1
    # Key, ring, pins and ring again, each a file and its folder.
    assert killed >= 8


def test_a_revoked_key_says_why_and_since_when(tmp_path: Path) -> None:
    pins = Pins()
    rotate(tmp_path, NOW, WEEK, pins)
    old = read_ring(tmp_path).keys[0]
    revoke(tmp_path, old.id[:8], " it was\nstolen ", NOW, pins)
    revoked = pins.keys[0].revoked
    assert revoked is not None
    assert (revoked.reason, revoked.since) == ("it was stolen", NOW)
    assert read_ring(tmp_path).keys[0].pin() == pins.keys[0]


def test_the_key_that_signs_cannot_be_revoked(tmp_path: Path) -> None:
    identity = key_id(active_signer(tmp_path).public_key)
    with pytest.raises(Conflict, match="signs at present"):
        revoke(tmp_path, identity, "stolen", None, Pins())


@pytest.mark.parametrize("identity", ["", "nothing"])
def test_an_id_must_name_one_key(tmp_path: Path, identity: str) -> None:
    with pytest.raises(NotFound, match="0 keys"):
        revoke(tmp_path, identity, "stolen", None, Pins())


def test_a_reason_is_demanded_and_an_overlap_is_not_negative(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        revoke(tmp_path, "x", " ", None, Pins())
    with pytest.raises(InvalidInput, match="negative"):
        rotate(tmp_path, NOW, -WEEK, Pins())
