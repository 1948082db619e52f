"""CertificateSigningRequests: who asks, who may approve and sign, what may change. Pure.

Words are those of kube-apiserver: its admission plugins CertificateApproval, CertificateSigning and
CertificateSubjectRestriction, and its validation.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from idp.embedded.apiserver.access.identity import MASTERS_GROUP, UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.rules import Attributes
from idp.kernel.errors import Cause, Forbidden
from idp.kernel.resource import Manifest

GROUP = "certificates.k8s.io"
CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
LEAST_SECONDS = 600

USAGES = (
    *("any", "cert sign", "client auth", "code signing", "content commitment", "crl sign"),
    *("data encipherment", "decipher only", "digital signature", "email protection"),
    *("encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement"),
    *("key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime"),
    *("server auth", "signing", "timestamping"),
)
_DECISIONS = ("Approved", "Denied")
_KEPT = ("Approved", "Denied", "Failed")
"""Conditions that stay once they are set."""
_WHO = ("username", "uid", "groups", "extra")


def read_request(request: object) -> x509.CertificateSigningRequest:
    """The PKCS#10 request in `spec.request`.

    Raises:
        ValueError: It is none.
    """
    try:
        pem = base64.b64decode(str(request), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    if b"-----BEGIN CERTIFICATE REQUEST-----" not in pem:
        raise ValueError("PEM block type must be CERTIFICATE REQUEST")
    return x509.load_pem_x509_csr(pem)


def set_requester(new: Manifest, user: UserInfo) -> None:
    """Note who asks, in place, whatever the object says: approvers rely on it."""
    spec = new["spec"]
    for name in _WHO:
        spec.pop(name, None)
    known = user.manifest()
    spec |= {name: known[name] for name in _WHO if name in known}


def keep_decided(new: Manifest, old: Manifest, subresource: str, now: str) -> None:
    """Undo what a change may not touch, in place, and note when conditions came."""
    new["spec"] = old["spec"]
    status: Manifest = new.get("status") or {}
    if subresource == "approval":
        status = {**(old.get("status") or {}), "conditions": status.get("conditions") or []}
    times = {c.get("type"): c for c in _conditions(old)}
    for condition in status.get("conditions") or ():
        former = times.get(condition.get("type"), {})
        condition.setdefault("lastUpdateTime", former.get("lastUpdateTime", now))
        condition.setdefault("lastTransitionTime", former.get("lastTransitionTime", now))
    if not status.get("conditions"):
        status.pop("conditions", None)
    if subresource:
        new["status"] = status


def check_subject(new: Manifest) -> None:
    """Refuse to make anybody a master of the server by certificate. Raises `Forbidden`."""
    spec = new["spec"]
    if spec.get("signerName") != CLIENT_SIGNER:
        return
    subject = read_request(spec.get("request")).subject
    groups = [a.value for a in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    if MASTERS_GROUP in groups:
        raise Forbidden(f"use of {CLIENT_SIGNER} signer with {MASTERS_GROUP} group is not allowed")


def check_right(
    authorizer: RbacAuthorizer, user: UserInfo, new: Manifest, old: Manifest, subresource: str
) -> None:
    """Check the right to approve, or to sign, for the signer that is asked.

    It is the verb `approve` or `sign` on `signers` by the signer's name, or by `<domain>/*`.

    Raises:
        Forbidden: The user has it not.
    """
    signer = old["spec"].get("signerName", "")
    if subresource == "approval":
        verb = "approve"
    elif _signs(new, old):
        verb = "sign"
    else:
        return
    domain = signer.partition("/")[0]
    for name in (signer, f"{domain}/*"):
        if authorizer.decide(user, Attributes(verb, GROUP, "signers", name=name)).allowed:
            return
    raise Forbidden(f'user not permitted to {verb} requests with signerName "{signer}"')


def _signs(new: Manifest, old: Manifest) -> bool:
    """Whether a status gets a certificate, or is said to have failed."""
    fresh, former = new.get("status") or {}, old.get("status") or {}
    if fresh.get("certificate") != former.get("certificate"):
        return True
    return "Failed" in _types(new) and "Failed" not in _types(old)


def request_causes(new: Manifest) -> Iterator[Cause]:
    """What is wrong with a new request."""
    spec = new["spec"]
    try:
        read_request(spec.get("request"))
    except ValueError as error:
        yield Cause("spec.request", f'Invalid value: "{spec.get("request")}": {error}')
    usages = spec.get("usages") or ()
    if not usages:
        yield Cause("spec.usages", "Required value", "FieldValueRequired")
    for index, usage in enumerate(usages):
        if usage not in USAGES:
            known = ", ".join(f'"{name}"' for name in USAGES)
            text = f'Unsupported value: "{usage}": supported values: {known}'
            yield Cause(f"spec.usages[{index}]", text, "FieldValueNotSupported")
    yield from _signer_causes(spec.get("signerName", ""))
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < LEAST_SECONDS:
        text = "may not specify a duration less than 600 seconds (10 minutes)"
        yield Cause("spec.expirationSeconds", f"Invalid value: {seconds}: {text}")


def _signer_causes(signer: str) -> Iterator[Cause]:
    domain, slash, path = signer.partition("/")
    if signer == "kubernetes.io/legacy-unknown":
        text = "the legacy signerName is not allowed via this API version"
    elif not slash or not path or "." not in domain:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
    else:
        return
    yield Cause("spec.signerName", f'Invalid value: "{signer}": {text}')


def decision_causes(new: Manifest, old: Manifest, subresource: str) -> Iterator[Cause]:
    """What is wrong with the conditions or the certificate after a change."""
    seen: set[str] = set()
    for index, condition in enumerate(_conditions(new)):
        at, type_ = f"status.conditions[{index}]", condition.get("type", "")
        status = condition.get("status")
        if not type_:
            yield Cause(f"{at}.type", "Required value", "FieldValueRequired")
        if not status:
            yield Cause(f"{at}.status", "Required value", "FieldValueRequired")
        elif type_ in _KEPT and status != "True":
            text = f'Unsupported value: "{status}": supported values: "True"'
            yield Cause(f"{at}.status", text, "FieldValueNotSupported")
        if type_ in seen:
            text = f'Duplicate value: "{type_}"'
            yield Cause(f"{at}.type", text, "FieldValueDuplicate")
        elif type_ in _DECISIONS and seen & set(_DECISIONS):
            text = "Approved and Denied conditions are mutually exclusive"
            yield Cause("status.conditions", f'Invalid value: "{type_}": {text}')
        seen.add(type_)
    yield from _change_causes(new, old, subresource)


def _change_causes(new: Manifest, old: Manifest, subresource: str) -> Iterator[Cause]:
    before, after = _types(old), _types(new)
    for type_ in _KEPT:
        if type_ in before and type_ not in after:
            text = f'Forbidden: updates may not remove a condition of type "{type_}"'
            yield Cause("status.conditions", text, "FieldValueForbidden")
        allowed = subresource == "approval" if type_ in _DECISIONS else subresource == "status"
        if type_ in after and type_ not in before and not allowed:
            text = f'Forbidden: updates may not add a condition of type "{type_}"'
            yield Cause("status.conditions", text, "FieldValueForbidden")
    given, former = ((m.get("status") or {}).get("certificate") for m in (new, old))
    if former and given != former:
        text = "Forbidden: updates may not change certificate once set"
        yield Cause("status.certificate", text, "FieldValueForbidden")
    elif given and given != former and not _is_certificate(given):
        text = "must contain at least one CERTIFICATE PEM block"
        yield Cause("status.certificate", f'Invalid value: "<certificate data>": {text}')


def _is_certificate(encoded: object) -> bool:
    try:
        return bool(x509.load_pem_x509_certificates(base64.b64decode(str(encoded))))
    except ValueError:
        return False


def _conditions(manifest: Manifest) -> list[dict[str, Any]]:
    return list((manifest.get("status") or {}).get("conditions") or ())


def _types(manifest: Manifest) -> set[str]:
    return {condition.get("type", "") for condition in _conditions(manifest)}
