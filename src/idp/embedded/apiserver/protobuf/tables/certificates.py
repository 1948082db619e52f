"""Messages of `certificates.k8s.io`: kubectl sends a whole request to approve it."""

from __future__ import annotations

MESSAGES = {
    "certificates.CertificateSigningRequest": (
        "1 metadata meta.ObjectMeta, 2 spec certificates.CertificateSigningRequestSpec, "
        "3 status certificates.CertificateSigningRequestStatus"
    ),
    "certificates.CertificateSigningRequestCondition": (
        "1 type s, 2 reason s, 3 message s, 4 lastUpdateTime T, 5 lastTransitionTime T, 6 status s"
    ),
    "certificates.CertificateSigningRequestSpec": (
        "1 request y, 2 username s, 3 uid s, 4 groups [s, 5 usages [s, 6 extra {Ls, "
        "7 signerName s, 8 expirationSeconds *i"
    ),
    "certificates.CertificateSigningRequestStatus": (
        "1 conditions [certificates.CertificateSigningRequestCondition, 2 certificate y"
    ),
}
