from __future__ import annotations

import pytest

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.transparency.checkpoint import (
    MAX_CHECKPOINT_BYTES,
    Checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)

ORIGIN = "idp/staging"
STATE = Checkpoint(ORIGIN, 7, bytes(range(32)))


def read(text: str, key: PrivateKey, origin: str = ORIGIN) -> Checkpoint:
    return verify_checkpoint(text, origin, key.public_key)


def test_a_checkpoint_is_read_back(staging: PrivateKey) -> None:
    text = sign_checkpoint(staging, STATE)
    assert text.startswith("idp/staging\n7\nAAECAwQF")
    assert read(text, staging) == STATE
    assert text == sign_checkpoint(staging, STATE)


def test_lines_of_witnesses_are_skipped_and_further_lines_of_the_note_are_signed(
    staging: PrivateKey, stranger: PrivateKey
) -> None:
    text = sign_checkpoint(staging, STATE)
    note, _, signature = text.partition("\n\n")
    other = sign_checkpoint(stranger, STATE).partition("\n\n")[2]
    assert read(f"{note}\n\n— witness AAAAAAAA\n{other}{signature}", staging) == STATE
    with pytest.raises(VerificationFailed, match="not made over this content"):
        read(f"{note}\nmore\n\n{signature}", staging)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("\n7\n", "\n8\n"), "not made over this content"),
        (lambda text: text.replace("\n7\n", "\n07\n"), "not: name, number of entries, root"),
        (lambda text: text.replace("\n7\n", "\n-7\n"), "not: name, number of entries, root"),
        (lambda text: text.replace("\n7\n", f"\n{'9' * 30}\n"), "not: name, number"),
        (lambda text: text.replace("AAECAwQF", "AAECAwQG"), "not made over this content"),
        (lambda text: text.replace("AAECAwQF", "AAEC"), "not a SHA-256 hash"),
        (lambda text: text.replace("AAECAwQF", "A*ECAwQF"), "not base64"),
        (lambda text: text.replace("\n\n", "\n"), "not a signed note"),
        (lambda text: text.partition("—")[0], "not signed by the key"),
        (lambda text: "", "not a signed note"),
        (lambda text: text + "x" * MAX_CHECKPOINT_BYTES, "larger"),
    ],
)
def test_a_changed_checkpoint_is_refused(staging: PrivateKey, change: object, why: str) -> None:
    assert callable(change)
    with pytest.raises(VerificationFailed, match=why):
        read(change(sign_checkpoint(staging, STATE)), staging)


def test_the_key_and_the_log_must_be_those_in_question(
    staging: PrivateKey, stranger: PrivateKey
) -> None:
    with pytest.raises(VerificationFailed, match="not signed by the key"):
        read(sign_checkpoint(stranger, STATE), staging)
    with pytest.raises(VerificationFailed, match="of the log idp/staging, not idp/uat"):
        read(sign_checkpoint(staging, STATE), staging, "idp/uat")
