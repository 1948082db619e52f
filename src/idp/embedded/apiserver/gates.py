"""What a write passes before it is stored: namespace, escalation of rights, admission policies."""

from __future__ import annotations

from collections.abc import Callable

from idp.embedded.apiserver.access.escalation import check_escalation
from idp.embedded.apiserver.access.rbac import RBAC_GROUP, RbacAuthorizer
from idp.embedded.apiserver.ports import AdmissionPolicies
from idp.embedded.apiserver.storage.record import Key
from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import Cause, Forbidden, NotFound
from idp.kernel.resource import Manifest

Prepare = Callable[[Manifest, Manifest | None], None]

_NAMESPACES = "/namespaces"
_PROTECTED = ("default", "kube-system", "kube-public")


class Gates:
    """Everything that may still refuse a write that is well formed."""

    def __init__(self, store: Store, authorizer: RbacAuthorizer) -> None:
        self._store = store
        self._authorizer = authorizer
        self.policies: AdmissionPolicies | None = None
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

    def prepare(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        """Set what follows from other objects."""
        if preparation := self.preparations.get(request.served.resource):
            preparation(new, old)

    def admit(
        self, request: Request, operation: str, new: Manifest | None, old: Manifest | None
    ) -> None:
        """Ask the policies.

        Raises:
            Forbidden: The user would gain rights, or a policy refuses.
            Invalid: A policy refuses.
        """
        type_ = request.served.type
        if type_.group == RBAC_GROUP and new is not None:
            check_escalation(self._authorizer, request.user, new, old)
        if self.policies is not None:
            for warning in self.policies.validate(
                operation=operation,
                type=type_,
                subresource=request.subresource,
                user=request.user,
                new=new,
                old=old,
                dry_run=request.dry_run,
            ):
                request.warn(warning)
