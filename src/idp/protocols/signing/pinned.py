"""The keys that a verifier trusts, by the name of who holds them. Pure.

Rules:
1. Trust comes from the verifier's own list, never from anything that travels with the content:
   key ids and hints only name a key for people and are not looked at.
2. No key stands under two names: a signature must name one signer.
3. No keys, no proof: an empty list verifies nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.keys import key_id, verify_signature


def signer_of(payload: bytes, signature: bytes, keys: Mapping[str, str]) -> str:
    """Name of the pinned key that made a signature.

    Args:
        payload: What was signed.
        signature: DER encoded.
        keys: Name -> PEM text.

    Raises:
        VerificationFailed: None of the keys made it, or the list of keys is unusable.
    """
    _require_distinct(keys)
    for name, public_key in sorted(keys.items()):
        try:
            verify_signature(public_key, payload, signature)
        except VerificationFailed:
            continue
        return name
    raise VerificationFailed(
        f"the signature was made by none of the trusted keys ({', '.join(sorted(keys)) or 'none'})"
    )


def _require_distinct(keys: Mapping[str, str]) -> None:
    names: dict[str, str] = {}
    for name, public_key in sorted(keys.items()):
        other = names.setdefault(key_id(public_key), name)
        if other != name:
            raise VerificationFailed(
                f"{other} and {name} are pinned to the same key, so a signature names neither",
                remedy="Give every environment a key of its own.",
            )
