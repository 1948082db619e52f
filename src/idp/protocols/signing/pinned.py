"""The keys that a verifier trusts, by the name of who holds them. Pure.

Rules:
1. Trust comes from the verifier's own list, never from anything that travels with the content:
   key ids and hints only name a key for people and are not looked at.
2. No key stands under two names: a signature must name one signer.
3. No keys, no proof: an empty list verifies nothing.
4. A holder may have several keys, as after a rotation; each counts in its own time (`validity`).
"""

from __future__ import annotations

from typing import NamedTuple

from idp.kernel.errors import VerificationFailed
from idp.kernel.trust import Keys, PinnedKey, pinned_keys
from idp.protocols.signing.keys import key_id, verify_signature


class Signed(NamedTuple):
    """Who made a signature.

    Attributes:
        name: Of the holder.
        key: Which of the holder's keys.
    """

    name: str
    key: PinnedKey


def signer_of(payload: bytes, signature: bytes, keys: Keys) -> Signed:
    """The pinned key that made a signature. Whether it counts in its time is not asked here.

    Args:
        payload: What was signed.
        signature: DER encoded.
        keys: What is trusted.

    Raises:
        VerificationFailed: None of the keys made it, or the list of keys is unusable.
    """
    _require_distinct(keys)
    for name in sorted(keys):
        for key in pinned_keys(keys, name):
            try:
                verify_signature(key.public_key, payload, signature)
            except VerificationFailed:
                continue
            return Signed(name, key)
    raise VerificationFailed(
        f"the signature was made by none of the trusted keys ({', '.join(sorted(keys)) or 'none'})"
    )


def _require_distinct(keys: Keys) -> None:
    names: dict[str, str] = {}
    for name in sorted(keys):
        for key in pinned_keys(keys, name):
            other = names.setdefault(key_id(key.public_key), name)
            if other != name:
                raise VerificationFailed(
                    f"{other} and {name} are pinned to the same key, so a signature names neither",
                    remedy="Give every environment a key of its own.",
                )
