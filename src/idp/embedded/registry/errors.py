"""Errors as OCI distribution words them."""

from __future__ import annotations

import errno
from typing import ClassVar

from starlette.responses import JSONResponse

from idp.kernel.errors import (
    Forbidden,
    IdpError,
    InvalidInput,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthorized,
    Unavailable,
)

_CODES: tuple[tuple[type[IdpError], str], ...] = (
    (Unauthorized, "UNAUTHORIZED"),
    (Forbidden, "DENIED"),
    (TooLarge, "SIZE_INVALID"),
    (MethodNotAllowed, "UNSUPPORTED"),
    (Unavailable, "UNAVAILABLE"),
)


class StorageFull(Unavailable):
    """There is no room for the content. Nothing of it was kept."""

    code: ClassVar[str] = "StorageFull"
    status: ClassVar[int] = 507


class RangeNotSatisfiable(InvalidInput):
    """A chunk does not start where the upload ends."""

    code: ClassVar[str] = "RangeNotSatisfiable"
    status: ClassVar[int] = 416


class UploadIsBusy(Unavailable):
    """Another request writes to the same upload right now."""

    code: ClassVar[str] = "UploadIsBusy"
    status: ClassVar[int] = 409


def bad_request(code: str, message: str, remedy: str) -> InvalidInput:
    """A request that breaks a rule, with its OCI code."""
    return InvalidInput(message, remedy=remedy, details={"code": code})


def missing(code: str, message: str, remedy: str | None = None) -> NotFound:
    """Something that is not there, with its OCI code."""
    return NotFound(message, remedy=remedy, details={"code": code})


def from_os_error(error: OSError) -> IdpError:
    """What a failure of the disk means for the client.

    Raises:
        OSError: It is not about room; it is a fault of ours.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull(
            "the registry's disk is full; nothing was kept",
            remedy="Free space on the platform's data folder, then push again.",
        )
    raise error


def error_response(error: IdpError) -> JSONResponse:
    """The OCI error body. Clients print `message` alone, so it holds the remedy as well."""
    code = str(error.details.get("code") or _code(error))
    message = f"{error.message}. {error.remedy}" if error.remedy else error.message
    detail = {"reason": error.message, "remedy": error.remedy}
    headers = {"WWW-Authenticate": 'Basic realm="idp"'} if error.status == 401 else {}
    return JSONResponse(
        {"errors": [{"code": code, "message": message, "detail": detail}]},
        status_code=error.status,
        headers=headers,
    )


def _code(error: IdpError) -> str:
    return next((code for cls, code in _CODES if isinstance(error, cls)), "UNKNOWN")
