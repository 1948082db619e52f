"""Signs what is approved: client certificates of this server, by its own authority.

Requests to other signers than Kubernetes' own wait for the programs that serve those. Certificates
of kubelets are refused by name: there are no nodes.
"""

from __future__ import annotations

import base64
from datetime import timedelta

from idp.embedded.apiserver.access.certificates import CertificateAuthority
from idp.embedded.apiserver.admission.signing_requests import CLIENT_SIGNER, read_request
from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.machinery.worker import Worker
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Key
from idp.kernel.clock import Clock, timestamp
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest

REQUESTS = "certificates.k8s.io/certificatesigningrequests"

_LIFETIME = timedelta(days=365)
_USAGES = {"client auth", "digital signature", "key encipherment"}
_KUBELETS = ("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet")
_REASON = "SignerValidationFailure"


class Signer:
    """Serves the signers of Kubernetes itself."""

    def __init__(self, system: System, authority: CertificateAuthority, clock: Clock) -> None:
        self._system = system
        self._authority = authority
        self._clock = clock
        self.worker = Worker("signer", self._look)

    def begin(self) -> None:
        """Look at every request."""
        for record in self._system.store.scan(REQUESTS):
            self.worker.add(record.key)

    def noticed(self, change: Change) -> None:
        """Look at a request that changed."""
        if change.record.key.resource == REQUESTS and change.type != "DELETED":
            self.worker.add(change.record.key)

    async def _look(self, key: Key) -> None:
        record = self._system.store.get(key)
        if record is None or not _waits(record.shared()):
            return
        try:
            certificate = self._sign(record.shared()["spec"])
        except InvalidInput as error:
            failure = self._failure(error.message)
            await self._system.change(key, lambda m: _failed(m, failure), "status")
        else:
            await self._system.change(key, lambda m: _signed(m, certificate), "status")

    def _sign(self, spec: Manifest) -> str:
        if spec["signerName"] in _KUBELETS:
            raise InvalidInput("this server has no nodes: it signs no certificates of kubelets")
        usages = set(spec.get("usages") or ())
        if "client auth" not in usages or not usages <= _USAGES:
            allowed = ", ".join(sorted(_USAGES))
            raise InvalidInput(
                f"usages must include client auth and may only be of {allowed}: "
                f"[{', '.join(sorted(usages))}]"
            )
        seconds = spec.get("expirationSeconds")
        lifetime = _LIFETIME if seconds is None else min(timedelta(seconds=seconds), _LIFETIME)
        try:
            request = read_request(spec.get("request"))
            return self._authority.sign_client(request, lifetime)
        except ValueError as error:
            raise InvalidInput(f"the request cannot be signed: {error}") from error

    def _failure(self, message: str) -> Manifest:
        now = timestamp(self._clock())
        return {
            "type": "Failed",
            "status": "True",
            "reason": _REASON,
            "message": message,
            "lastUpdateTime": now,
            "lastTransitionTime": now,
        }


def _waits(request: Manifest) -> bool:
    """Whether a request is approved, for a signer of ours, and has no outcome yet."""
    if request["spec"]["signerName"] not in (CLIENT_SIGNER, *_KUBELETS):
        return False
    status = request.get("status") or {}
    types = {condition.get("type") for condition in status.get("conditions") or ()}
    return (
        "Approved" in types and not types & {"Denied", "Failed"} and (not status.get("certificate"))
    )


def _signed(request: Manifest, certificate: str) -> Manifest:
    encoded = base64.b64encode(certificate.encode()).decode()
    request.setdefault("status", {})["certificate"] = encoded
    return request


def _failed(request: Manifest, failure: Manifest) -> Manifest:
    status = request.setdefault("status", {})
    status["conditions"] = [*(status.get("conditions") or ()), failure]
    return request
