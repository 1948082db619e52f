"""The keys of an environment over time: which signs now, and in which time each counts.

`ring.json` beside the keys is the only word about them; without it there is one key, `cosign.key`,
which always counts. A rotation has three steps, each whole or not done at all:

1. The next key is made, and stands in the ring as `pending`; the present one gets its end.
2. Everybody who checks signatures pins the ring's keys (`publish`, which may be repeated).
3. The next key is not pending any more: it signs from the next start of the instance on.

So nothing is signed with a key that nobody knows. A process that is killed anywhere leaves a ring
from which `converge` goes on, and a second `rotate` finishes the first instead of making one more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import Field

from idp.capabilities.signing.keys import KEY_FILE, make_key, open_signer, read_key
from idp.kernel.errors import Conflict, InvalidInput, NotFound
from idp.kernel.files import replace_file
from idp.kernel.resource import Model
from idp.kernel.trust import PinnedKey, Revocation
from idp.protocols.signing.keys import PrivateKey, key_id

RING_FILE = "ring.json"
DEFAULT_OVERLAP = timedelta(days=7)
Publish = Callable[[Sequence[PinnedKey]], None]


class RevokedKey(Model):
    """That a key is not trusted any more.

    Attributes:
        reason: Why.
        since: Signatures proved to be older still count; none means that none counts.
    """

    reason: str
    since: datetime | None = None


class RingKey(Model):
    """One key of an environment.

    Attributes:
        file: Of the private key.
        public_key: PEM text.
        not_before: From when on it counts; none means always.
        not_after: Until when; none means no end.
        revoked: None while it is trusted.
        pending: Whether it waits until everybody has pinned it.
    """

    file: str
    public_key: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    revoked: RevokedKey | None = None
    pending: bool = False

    @property
    def id(self) -> str:
        """As bundles hint at it."""
        return key_id(self.public_key)

    def pin(self) -> PinnedKey:
        """As others pin it."""
        known = self.revoked
        revoked = None if known is None else Revocation(known.reason, known.since)
        return PinnedKey(self.public_key, self.not_before, self.not_after, revoked)


class Ring(Model):
    """All keys of an environment, oldest first. The last that is not pending signs."""

    keys: list[RingKey] = Field(min_length=1)

    @property
    def active(self) -> RingKey:
        """The key that signs."""
        return [key for key in self.keys if not key.pending][-1]

    def pins(self) -> list[PinnedKey]:
        """As others pin them."""
        return [key.pin() for key in self.keys]


def read_ring(folder: Path) -> Ring:
    """The ring of an instance; its first key is made when there is none.

    Raises:
        MissingPrerequisite: See `keys.open_signer`.
    """
    path = folder / RING_FILE
    if path.exists():
        return Ring.model_validate_json(path.read_bytes())
    return Ring(keys=[RingKey(file=KEY_FILE, public_key=open_signer(folder).public_key)])


def active_signer(folder: Path) -> PrivateKey:
    """The key that signs now; made on first use.

    Raises:
        MissingPrerequisite: A key's file is missing, or others can read it.
    """
    if not (folder / RING_FILE).exists():
        return open_signer(folder)
    return read_key(folder, read_ring(folder).active.file)


def rotate(folder: Path, now: datetime, overlap: timedelta, publish: Publish) -> RingKey:
    """Replace the key that signs; an interrupted rotation is finished instead.

    Args:
        folder: Of the keys.
        now: The present; from then on the next key counts.
        overlap: How long the present key still counts, for what is under way.
        publish: Pins the keys wherever signatures are checked; may be called again.

    Returns:
        The key that signs from now on.

    Raises:
        InvalidInput: The overlap is negative.
    """
    if overlap < timedelta(0):
        raise InvalidInput("the overlap is negative", remedy="Give 0 or more days.")
    ring = read_ring(folder)
    if not any(key.pending for key in ring.keys):
        now = now.replace(microsecond=0)
        file = f"cosign-{len(ring.keys) + 1}.key"
        made = make_key(folder, file)
        present = ring.active
        end = now + overlap
        present.not_after = end if present.not_after is None else min(end, present.not_after)
        ring.keys.append(
            RingKey(file=file, public_key=made.public_key, not_before=now, pending=True)
        )
        _write(folder, ring)
    converge(folder, publish)
    return read_ring(folder).active


def converge(folder: Path, publish: Publish) -> None:
    """Finish what was interrupted, and pin what is not pinned; else nothing changes."""
    if not (folder / RING_FILE).exists():
        return
    ring = read_ring(folder)
    publish(ring.pins())
    if any(key.pending for key in ring.keys):
        for key in ring.keys:
            key.pending = False
        _write(folder, ring)


def revoke(
    folder: Path, identity: str, reason: str, since: datetime | None, publish: Publish
) -> RingKey:
    """Withdraw the trust in a key.

    Args:
        folder: Of the keys.
        identity: Beginning of the key's id, which must name one key.
        reason: Why.
        since: Signatures that a time stamp proves to be older still count; None for none.
        publish: See `rotate`.

    Raises:
        NotFound: No key, or more than one, is named so.
        Conflict: It is the key that signs.
        InvalidInput: No reason is given.
    """
    if not reason.strip():
        raise InvalidInput("a key is not revoked without a reason")
    ring = read_ring(folder)
    found = [key for key in ring.keys if key.id.startswith(identity)] if identity else []
    if len(found) != 1:
        raise NotFound(
            f"{len(found)} keys have an id that begins with {identity!r}",
            remedy="`idp-cli signing keys list` shows the ids.",
        )
    (key,) = found
    if key is ring.active:
        raise Conflict(
            f"{key.id} signs at present, so nothing could be signed without it",
            remedy="Replace it first: `idp-cli signing keys rotate --overlap 0`.",
        )
    key.revoked = RevokedKey(reason=" ".join(reason.split()), since=since)
    _write(folder, ring)
    converge(folder, publish)
    return key


def _write(folder: Path, ring: Ring) -> None:
    body = ring.model_dump_json(by_alias=True, exclude_none=True, indent=1)
    replace_file(folder / RING_FILE, body.encode())
