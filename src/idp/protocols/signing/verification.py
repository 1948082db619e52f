"""Who signed a bundle, when, and whether that counts. Pure.

One order for keys and for certificates, so that neither can skip a check:

1. Time stamps are checked against the pinned authorities. One of an authority that is not pinned
   proves no time and does no harm; any other that is wrong refuses the bundle.
2. The signature is by a pinned key, or by a certificate of a known identity (`certificates`).
3. Log entries are whole and of a pinned log: of the key that signed, or, for a certificate, of any
   holder.
4. The key or certificate might sign at that time (`validity`, `certificates`).
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import NamedTuple

from idp.kernel.errors import VerificationFailed
from idp.kernel.trust import PinnedKey, pinned_keys
from idp.protocols.signing import dsse
from idp.protocols.signing.anchors import Anchors
from idp.protocols.signing.bundle import Bundle
from idp.protocols.signing.certificates import Identified, identify, require_valid_at
from idp.protocols.signing.timestamps.token import UnknownAuthority, verify_timestamp
from idp.protocols.signing.transparency.inclusion import AnotherLog, Logged, verify_logged
from idp.protocols.signing.transparency.log import log_origin
from idp.protocols.signing.validity import Moments, require_valid, signed_at


class VerifiedBundle(NamedTuple):
    """What a bundle proves.

    Attributes:
        payload_type: How to read `payload`.
        payload: The signed bytes.
        signer: Name of the holder or identity.
        logged: Where it stands in a log; None when it is in none.
        stamped: When a pinned authority saw the signature; None when none did.
    """

    payload_type: str
    payload: bytes
    signer: str
    logged: Logged | None
    stamped: datetime | None


def verify_bundle(bundle: Bundle, anchors: Anchors, now: datetime) -> VerifiedBundle:
    """Check a bundle.

    Raises:
        VerificationFailed: A rule is broken.
    """
    if bundle.certificate is None:
        return _by_key(bundle, anchors, now)
    certificate = identify(bundle.certificate, anchors.certificate_authorities, anchors.identities)
    return _by_certificate(bundle, certificate, anchors, now)


def _by_key(bundle: Bundle, anchors: Anchors, now: datetime) -> VerifiedBundle:
    verified = dsse.verify_parsed(bundle.envelope, anchors.keys)  # 2
    name, key = verified.signer_name, verified.key
    logged = [  # 3
        verify_logged(element, bundle.envelope, log_origin(name), key.public_key)
        for element in bundle.log_entries
    ]
    stamped = _stamped(bundle, verified.signature, anchors)  # 1
    moments = Moments(now, _time_of(logged), stamped)
    signed_at(moments)
    require_valid(name, key, moments)  # 4
    first = logged[0] if logged else None
    return VerifiedBundle(verified.payload_type, verified.payload, name, first, stamped)


def _by_certificate(
    bundle: Bundle, certificate: Identified, anchors: Anchors, now: datetime
) -> VerifiedBundle:
    name = certificate.name
    verified = dsse.verify_parsed(bundle.envelope, {name: certificate.public_key})
    logged = [
        _in_a_pinned_log(element, bundle, certificate, anchors) for element in bundle.log_entries
    ]
    stamped = _stamped(bundle, verified.signature, anchors)
    moments = Moments(now, _time_of(logged), stamped)
    signed_at(moments)
    require_valid_at(certificate, (moments.stamped, moments.logged))
    first = logged[0] if logged else None
    return VerifiedBundle(verified.payload_type, verified.payload, name, first, stamped)


def _in_a_pinned_log(
    element: object, bundle: Bundle, certificate: Identified, anchors: Anchors
) -> Logged:
    for holder in sorted(anchors.keys):
        for key in _usable(anchors, holder):
            with contextlib.suppress(AnotherLog):
                return verify_logged(
                    element, bundle.envelope, log_origin(holder), key.public_key, certificate.pem
                )
    raise VerificationFailed("the log entry is of no pinned log")


def _usable(anchors: Anchors, holder: str) -> list[PinnedKey]:
    """A log whose key was revoked proves no time."""
    return [key for key in pinned_keys(anchors.keys, holder) if key.revoked is None]


def _stamped(bundle: Bundle, signature: bytes, anchors: Anchors) -> datetime | None:
    if not anchors.timestamp_authorities:
        return None
    found = []
    for response in bundle.timestamps:
        with contextlib.suppress(UnknownAuthority):
            found.append(verify_timestamp(response, signature, anchors.timestamp_authorities))
    return min(found, default=None)


def _time_of(logged: list[Logged]) -> datetime | None:
    times = [entry.seconds for entry in logged if entry.promised]
    return datetime.fromtimestamp(min(times), UTC) if times else None
