"""What Kubernetes' own admission plugins do: defaults from other objects, and refusals.

First everything that changes a new object, then, when it is complete and valid, everything that
may refuse it. The decisions themselves are pure and in a module each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from idp.embedded.apiserver.access.ports import ObjectLookup
from idp.embedded.apiserver.access.rbac import RbacAuthorizer, refusal
from idp.embedded.apiserver.admission.limits import (
    claim_violations,
    pod_violations,
    set_limit_defaults,
)
from idp.embedded.apiserver.admission.priority import (
    check_class_stays,
    check_only_default,
    set_priority,
)
from idp.embedded.apiserver.admission.signing_requests import (
    check_right,
    check_subject,
    decision_causes,
    keep_decided,
    set_requester,
)
from idp.embedded.apiserver.admission.storage_class import set_storage_class
from idp.embedded.apiserver.verbs.prepare import invalid
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.clock import Clock, timestamp
from idp.kernel.errors import Forbidden
from idp.kernel.resource import Manifest

PODS = "/pods"
CLAIMS = "/persistentvolumeclaims"
PRIORITY_CLASSES = "scheduling.k8s.io/priorityclasses"
SIGNING_REQUESTS = "certificates.k8s.io/certificatesigningrequests"
DEFAULT_ACCOUNT = "default"

Step = Callable[[Request, Manifest, Manifest | None], None]
"""The new object, which it may change only before validation, and the object as it was."""


class Plugins:
    """The admission plugins of built-in kinds."""

    def __init__(self, lookup: ObjectLookup, authorizer: RbacAuthorizer, clock: Clock) -> None:
        self._lookup = lookup
        self._authorizer = authorizer
        self._clock = clock
        self._preparations: dict[str, Step] = {
            PODS: self._prepare_pod,
            CLAIMS: self._prepare_claim,
            SIGNING_REQUESTS: self._prepare_signing,
        }
        self._checks: dict[str, Step] = {
            PODS: self._check_pod,
            CLAIMS: self._check_claim,
            PRIORITY_CLASSES: self._check_priority_class,
            SIGNING_REQUESTS: self._check_signing,
        }

    def prepare(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        """Set what follows from other objects.

        Raises:
            Forbidden: The object names one that is not there, or contradicts it.
        """
        self._take(self._preparations, request, new, old)

    def check(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        """Refuse what other objects, or the rights of the user, do not allow.

        Raises:
            Forbidden: They do not.
            Invalid: What was decided would change.
        """
        self._take(self._checks, request, new, old)

    def check_deletion(self, request: Request) -> None:
        """Refuse to delete what must stay. Raises `Forbidden`."""
        if request.served.resource == PRIORITY_CLASSES:
            try:
                check_class_stays(request.name)
            except Forbidden as error:
                raise about(request, error) from error

    def _take(
        self, steps: dict[str, Step], request: Request, new: Manifest, old: Manifest | None
    ) -> None:
        resource = request.served.resource
        step = steps.get(resource)
        if step is None or (request.subresource and resource != SIGNING_REQUESTS):
            return
        try:
            step(request, new, old)
        except Forbidden as error:
            raise about(request, error) from error

    # Pods

    def _prepare_pod(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        if old is not None:
            return
        set_limit_defaults(new, self._ranges(request))
        set_priority(new, self._all("scheduling.k8s.io", "priorityclasses"))

    def _check_pod(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        if old is not None:
            return
        _refuse(pod_violations(new, self._ranges(request)))
        self._check_account(request.namespace, new["spec"].get("serviceAccountName", ""))

    def _check_account(self, namespace: str, account: str) -> None:
        # Every namespace has the default one, a moment after it was made.
        if account in ("", DEFAULT_ACCOUNT):
            return
        if self._lookup.get("", "serviceaccounts", namespace, account) is None:
            raise Forbidden(
                f"error looking up service account {namespace}/{account}: serviceaccount "
                f'"{account}" not found'
            )

    # Claims

    def _prepare_claim(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        if old is None:
            set_storage_class(new, self._all("storage.k8s.io", "storageclasses"))

    def _check_claim(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        if "deletionTimestamp" not in new["metadata"]:
            _refuse(claim_violations(new, self._ranges(request)))

    # Priority classes

    def _check_priority_class(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        check_only_default(new, self._all("scheduling.k8s.io", "priorityclasses"))

    # Certificate signing requests

    def _prepare_signing(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        if old is None:
            set_requester(new, request.user)
        else:
            keep_decided(new, old, request.subresource, timestamp(self._clock()))

    def _check_signing(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        if old is None:
            check_subject(new)
            return
        if causes := list(decision_causes(new, old, request.subresource)):
            raise invalid(request, request.name, causes)
        if request.subresource:
            check_right(self._authorizer, request.user, new, old, request.subresource)

    # Reading

    def _ranges(self, request: Request) -> Sequence[Manifest]:
        return list(self._lookup.list("", "limitranges", request.namespace))

    def _all(self, group: str, plural: str) -> Sequence[Manifest]:
        return list(self._lookup.list(group, plural))


def _refuse(violations: Sequence[str]) -> None:
    if violations:
        text = violations[0] if len(violations) == 1 else f"[{', '.join(violations)}]"
        raise Forbidden(text)


def about(request: Request, error: Forbidden) -> Forbidden:
    """A refusal with the name of what was refused, worded as the real server words it."""
    type_ = request.served.type
    return refusal(type_.group, type_.plural, request.name, error.message)
