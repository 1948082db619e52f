"""The one error hierarchy.

Every error that leaves a function of this project is an `IdpError`. It carries what a person
needs (what happened, why, what to do next) and what a program needs (a stable code, the HTTP
status, whether trying again can help). Kubernetes `Status` reasons map one to one onto the
subclasses, so that an error keeps its meaning across the API in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Cause:
    """One reason among several for a rejected object.

    Attributes:
        field: Path of the offending field, such as `spec.replicas`; empty for the whole object.
        message: What is wrong with it, in words.
        reason: A Kubernetes cause type such as `FieldValueInvalid`.
    """

    field: str
    message: str
    reason: str = "FieldValueInvalid"


class IdpError(Exception):
    """Base of every error.

    Attributes:
        code: Stable name of the error, for programs (`CamelCase`, a Kubernetes reason where one
            fits).
        message: What happened and why, in one or two sentences.
        remedy: What to do next: a command or a change. None when nothing useful can be said.
        status: HTTP status with which the error is answered.
        retryable: Whether the same call may succeed later without anybody changing anything.
        details: Further machine-readable facts.
    """

    code: ClassVar[str] = "InternalError"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        causes: Sequence[Cause] = (),
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.causes = tuple(causes)
        self.details = details or {}

    def __str__(self) -> str:
        return self.message

    def as_kubernetes_status(self) -> dict[str, Any]:
        """Render as a Kubernetes `Status` object (`meta/v1`)."""
        details: dict[str, Any] = dict(self.details)
        if self.remedy:
            # Not in `meta/v1`; clients that do not know it pass over it.
            details["remedy"] = self.remedy
        if self.causes:
            details["causes"] = [
                {
                    **({"reason": c.reason} if c.reason else {}),
                    "message": c.message,
                    **({"field": c.field} if c.field else {}),
                }
                for c in self.causes
            ]
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            **({"reason": self.code} if self.code else {}),
            "code": self.status,
        }
        if details:
            body["details"] = details
        return body


class InvalidInput(IdpError):
    """The request cannot be understood: malformed syntax, unknown field, wrong type."""

    code = "BadRequest"
    status = 400


class Unauthorized(IdpError):
    """Nobody is known to be asking: no credential, or one that is not valid."""

    code = "Unauthorized"
    status = 401


class Forbidden(IdpError):
    """The caller is known and may not do this."""

    code = "Forbidden"
    status = 403


class NotFound(IdpError):
    """The thing named does not exist."""

    code = "NotFound"
    status = 404


class MethodNotAllowed(IdpError):
    """The thing exists and does not support this verb."""

    code = "MethodNotAllowed"
    status = 405


class AlreadyExists(IdpError):
    """The thing to be created is there already."""

    code = "AlreadyExists"
    status = 409


class Conflict(IdpError):
    """The object changed meanwhile, or another field manager owns the field."""

    code = "Conflict"
    status = 409
    retryable = True


class Gone(IdpError):
    """The resource version asked for has been compacted away: list again."""

    code = "Expired"
    status = 410
    retryable = True


class TooLarge(IdpError):
    """The input is over its size limit."""

    code = "RequestEntityTooLarge"
    status = 413


class UnsupportedMediaType(IdpError):
    """The body is in a format that is not served."""

    code = "UnsupportedMediaType"
    status = 415


class Invalid(IdpError):
    """The object is well formed and breaks a rule; `causes` names each field."""

    code = "Invalid"
    status = 422


class TooManyRequests(IdpError):
    """Slow down."""

    code = "TooManyRequests"
    status = 429
    retryable = True


class Unavailable(IdpError):
    """A component does not answer now and may later."""

    code = "ServiceUnavailable"
    status = 503
    retryable = True


class DeadlineExceeded(IdpError):
    """What was waited for did not come in time; the message names it."""

    code = "Timeout"
    status = 504
    retryable = True


class VerificationFailed(IdpError):
    """A signature, digest or attestation does not prove what it must. Never retryable."""

    code = "VerificationFailed"
    status = 422


class MissingPrerequisite(IdpError):
    """The machine or the configuration lacks something; the remedy says what."""

    code = "MissingPrerequisite"
    status = 412


_ANSWERS: tuple[type[IdpError], ...] = (
    InvalidInput,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    AlreadyExists,
    Conflict,
    Gone,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    TooManyRequests,
    Unavailable,
    DeadlineExceeded,
)
_BY_REASON: dict[str, type[IdpError]] = {cls.code: cls for cls in _ANSWERS} | {"Gone": Gone}

_BY_STATUS: dict[int, type[IdpError]] = {
    400: InvalidInput,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    410: Gone,
    413: TooLarge,
    415: UnsupportedMediaType,
    422: Invalid,
    429: TooManyRequests,
    503: Unavailable,
    504: DeadlineExceeded,
}


_UNFIT = "failed to create typed patch object"
"""How a server refuses to apply what does not fit the schema: with 500 and no reason, though
trying again cannot help."""


def from_kubernetes_status(body: dict[str, Any]) -> IdpError:
    """Turn a Kubernetes `Status` object back into the error it came from.

    An unknown reason falls back on the HTTP code; an unknown code of 500 and above is
    `Unavailable`, so that callers retry.
    """
    status = int(body.get("code") or 500)
    cls = _BY_REASON.get(body.get("reason") or "") or _BY_STATUS.get(status)
    if str(body.get("message") or "").startswith(_UNFIT):
        cls = InvalidInput
    if cls is None:
        cls = Unavailable if status >= 500 else InvalidInput
    details = dict(body.get("details") or {})
    causes = [
        Cause(c.get("field", ""), c.get("message", ""), c.get("reason", ""))
        for c in details.pop("causes", None) or []
    ]
    remedy = details.pop("remedy", None)
    message = body.get("message") or f"HTTP {status}"
    return cls(message, remedy=remedy, causes=causes, details=details)
