"""What a write passes before it is stored: namespace, escalation of rights, admission policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from idp.embedded.apiserver.access.escalation import check_escalation
from idp.embedded.apiserver.access.rbac import RBAC_GROUP, RbacAuthorizer
from idp.embedded.apiserver.admission.plugins import Plugins, about
from idp.embedded.apiserver.admission.quota.ledger import QuotaLedger
from idp.embedded.apiserver.lookup import StoreLookup
from idp.embedded.apiserver.storage.record import Key
from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.types.versions import from_stored
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.clock import Clock
from idp.kernel.errors import Cause, Forbidden, NotFound
from idp.kernel.resource import Manifest

if TYPE_CHECKING:
    from idp.embedded.apiserver.admission.policies import AdmissionPolicies
    from idp.embedded.apiserver.admission.request import Operation

Prepare = Callable[[Manifest, Manifest | None], None]

_NAMESPACES = "/namespaces"
_POLICIES = "admissionregistration.k8s.io/validatingadmissionpolicies"
_PROTECTED = ("default", "kube-system", "kube-public")


class Gates:
    """Everything that may still refuse a write that is well formed."""

    def __init__(self, store: Store, authorizer: RbacAuthorizer, clock: Clock) -> None:
        self._store = store
        self._authorizer = authorizer
        self._plugins = Plugins(StoreLookup(store), authorizer, clock)
        self.ledger = QuotaLedger(store)
        """What counts against quotas."""
        self.preparations: dict[str, Prepare] = {}
        """Further preparation by resource, where it takes knowledge of other objects."""

    def check_namespace(self, request: Request) -> None:
        """An object is created only in a namespace that is there and stays."""
        if not request.served.type.namespaced:
            return
        record = self._store.get(Key(_NAMESPACES, "", request.namespace))
        if record is None:
            raise NotFound(
                f'namespaces "{request.namespace}" not found',
                details={"name": request.namespace, "kind": "namespaces"},
            )
        metadata = record.shared()["metadata"]
        if "deletionTimestamp" in metadata:
            text = (
                f"unable to create new content in namespace {request.namespace} because it is "
                "being terminated"
            )
            raise Forbidden(
                f'{request.served.qualified} "{request.name}" is forbidden: {text}',
                causes=[
                    Cause(
                        "metadata.namespace",
                        f"namespace {request.namespace} is being terminated",
                        "NamespaceTerminating",
                    )
                ],
                details=request.details(request.name),
            )

    def check_deletion(self, request: Request) -> None:
        """The namespaces that the server itself needs stay."""
        if request.served.resource == _NAMESPACES and request.name in _PROTECTED:
            raise Forbidden(
                f'namespaces "{request.name}" is forbidden: this namespace may not be deleted',
                details=request.details(request.name),
            )
        self._plugins.check_deletion(request)

    def prepare(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        """Set what follows from other objects.

        Raises:
            Forbidden: The object names one that is not there.
        """
        if preparation := self.preparations.get(request.served.resource):
            preparation(new, old)
        if request.served.builtin:
            self._plugins.prepare(request, new, old)

    def admit(
        self, request: Request, operation: Operation, new: Manifest | None, old: Manifest | None
    ) -> None:
        """Ask the admission plugins and the policies.

        Raises:
            Forbidden: The user would gain rights, or a plugin or a policy refuses.
            Invalid: A policy refuses.
        """
        if request.served.type.group == RBAC_GROUP and new is not None:
            check_escalation(self._authorizer, request.user, new, old)
        if request.served.builtin and new is not None:
            self._plugins.check(request, new, old)
        if self._store.count(_POLICIES):
            self._ask_policies(request, operation, new, old)

    @contextmanager
    def reserved(self, request: Request, new: Manifest, old: Manifest | None) -> Iterator[None]:
        """Hold, while an object is stored, what it counts against quotas. The last gate.

        Raises:
            Forbidden: A quota does not allow it.
        """
        if request.subresource or not request.namespace:
            yield
            return
        with ExitStack() as stack:
            try:
                stack.enter_context(self.ledger.reserved(request.key, new, old))
            except Forbidden as error:
                raise about(request, error) from error
            yield

    @cached_property
    def _policies(self) -> AdmissionPolicies:
        """Loaded with the first policy: it takes the CEL library."""
        from idp.embedded.apiserver.admission.policies import AdmissionPolicies

        return AdmissionPolicies(StoreLookup(self._store), self._authorizer)

    def _ask_policies(
        self, request: Request, operation: Operation, new: Manifest | None, old: Manifest | None
    ) -> None:
        from idp.embedded.apiserver.admission.request import AdmissionRequest

        type_ = request.served.type
        asked = AdmissionRequest(
            operation,
            request.user,
            type_.group,
            type_.version,
            type_.plural,
            subresource=request.subresource,
            namespace=request.namespace,
            name=request.name,
            object=from_stored(new, request.served) if new is not None else None,
            old_object=from_stored(old, request.served) if old is not None else None,
            dry_run=request.dry_run,
            annotations=request.annotations,
        )
        for warning in self._policies.validate(asked):
            request.warn(warning)
