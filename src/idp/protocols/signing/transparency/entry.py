"""What a log keeps of an attestation: who signed which envelope, not what it says. Pure.

The form is Rekor's `dsse` entry, version 0.0.1
(https://github.com/sigstore/rekor/tree/main/pkg/types/dsse), in canonical JSON: `@sigstore/verify`
compares it with the envelope beside it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing import strict_json

KIND, VERSION = "dsse", "0.0.1"
MAX_ENTRY_BYTES = 64 * 1024


def entry_of(envelope: Mapping[str, Any], public_key: str) -> bytes:
    """The entry of a DSSE envelope (as JSON values) that one key, or certificate, signed."""
    payload = base64.b64decode(envelope["payload"])
    return strict_json.canonical(
        {
            "apiVersion": VERSION,
            "kind": KIND,
            "spec": {
                "envelopeHash": _hash(strict_json.canonical(envelope)),
                "payloadHash": _hash(payload),
                "signatures": [
                    {
                        "signature": envelope["signatures"][0]["sig"],
                        "verifier": base64.b64encode(public_key.encode()).decode(),
                    }
                ],
            },
        }
    )


def require_entry_of(entry: bytes, envelope: Mapping[str, Any], public_key: str) -> None:
    """Check that an entry is about this envelope and this key.

    Raises:
        VerificationFailed: It is about something else.
    """
    if entry != entry_of(envelope, public_key):
        raise VerificationFailed("the log's entry is about another envelope")


def summary(entry: bytes) -> dict[str, str]:
    """What an entry says, for people: the payload's digest and the signature."""
    spec = orjson.loads(entry)["spec"]
    return {
        "payload": f"sha256:{spec['payloadHash']['value']}",
        "signature": spec["signatures"][0]["signature"],
    }


def _hash(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}
