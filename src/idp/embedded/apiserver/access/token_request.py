"""`TokenRequest`: how a ServiceAccount gets a token (subresource `token`)."""

from __future__ import annotations

from datetime import timedelta

from idp.embedded.apiserver.access.ports import ObjectLookup
from idp.embedded.apiserver.access.service_account_tokens import ServiceAccountTokens
from idp.kernel.clock import timestamp
from idp.kernel.errors import Cause, Conflict, Invalid, InvalidInput, NotFound
from idp.kernel.resource import Manifest

_DEFAULT_SECONDS = 3600
_MIN_SECONDS = 600
_MAX_SECONDS = 1 << 32
_LONGEST = timedelta(days=1)
_BOUND = {("v1", "Pod"): "pods", ("v1", "Secret"): "secrets"}


def token_request(
    tokens: ServiceAccountTokens, lookup: ObjectLookup, namespace: str, name: str, body: Manifest
) -> Manifest:
    """Issue a token; answers the request with its status.

    A longer life than a day is shortened to a day, as the real server shortens it to its limit.

    Raises:
        NotFound: The ServiceAccount, or the object to bind to, does not exist.
        Conflict: The object to bind to has another uid.
        Invalid: The duration is not one that is allowed, or the body is of another account.
        InvalidInput: A token cannot be bound to this object.
    """
    _check_place(body, namespace, name)
    account = lookup.get("", "serviceaccounts", namespace, name)
    if account is None:
        raise NotFound(
            f'serviceaccounts "{name}" not found', details={"name": name, "kind": "serviceaccounts"}
        )
    spec = body.get("spec") or {}
    seconds = spec.get("expirationSeconds") or _DEFAULT_SECONDS
    _check_duration(seconds)
    bound = _bound_object(lookup, namespace, name, spec.get("boundObjectRef"))
    audiences = list(spec.get("audiences") or tokens.audiences)
    lifetime = min(timedelta(seconds=seconds), _LONGEST)
    token, expires = tokens.issue(account, audiences=audiences, lifetime=lifetime, bound_to=bound)
    return {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": account["metadata"]["uid"],
            "creationTimestamp": timestamp(expires - lifetime),
        },
        "spec": {
            "audiences": audiences,
            "expirationSeconds": int(lifetime.total_seconds()),
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": timestamp(expires)},
    }


def _check_place(body: Manifest, namespace: str, name: str) -> None:
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise InvalidInput("metadata of the TokenRequest is no object")
    if metadata.get("namespace") not in (None, "", namespace):
        raise InvalidInput(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if metadata.get("name") not in (None, "", name):
        message = (
            f'Invalid value: "{metadata["name"]}": must match the service account name if specified'
        )
        raise _invalid(name, "metadata.name", message)


def _check_duration(seconds: int) -> None:
    problem = ""
    if seconds < _MIN_SECONDS:
        problem = "may not specify a duration less than 10 minutes"
    elif seconds > _MAX_SECONDS:
        problem = "may not specify a duration larger than 2^32 seconds"
    if problem:
        raise _invalid("", "spec.expirationSeconds", f"Invalid value: {seconds}: {problem}")


def _bound_object(
    lookup: ObjectLookup, namespace: str, account: str, reference: Manifest | None
) -> Manifest | None:
    if not reference:
        return None
    api_version, kind = reference.get("apiVersion", ""), reference.get("kind", "")
    plural = _BOUND.get((api_version, kind))
    if plural is None:
        group, _, version = api_version.rpartition("/")
        raise InvalidInput(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    name, uid = reference.get("name", ""), reference.get("uid", "")
    found = lookup.get("", plural, namespace, name)
    if found is None:
        raise NotFound(f'{plural} "{name}" not found', details={"name": name, "kind": plural})
    if uid and uid != found["metadata"]["uid"]:
        raise Conflict(
            f'Operation cannot be fulfilled on {kind} "{name}": the UID in the bound object '
            f"reference ({uid}) does not match the UID in record. The object might have been "
            "deleted and then recreated"
        )
    if kind == "Pod" and found["spec"].get("serviceAccountName", "default") != account:
        raise InvalidInput(
            f'cannot bind token for serviceaccount "{account}" to pod running with different '
            "serviceaccount name."
        )
    return {"kind": kind, "metadata": found["metadata"]}


def _invalid(name: str, field: str, message: str) -> Invalid:
    details = {"name": name, "group": "authentication.k8s.io", "kind": "TokenRequest"}
    return Invalid(
        f'TokenRequest.authentication.k8s.io "{name}" is invalid: {field}: {message}',
        causes=[Cause(field, message)],
        details={key: value for key, value in details.items() if value},
    )
