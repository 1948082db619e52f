"""Errors that only an API server has, worded as the real one words them."""

from __future__ import annotations

from idp.kernel.errors import Cause, DeadlineExceeded, IdpError, NotFound, UnsupportedMediaType


class Unexplained(IdpError):
    """A request at which the real server fails with 500 and no reason.

    It does so for some malformed input; clients see the same here.
    """

    code = ""


class ObjectTooLarge(Unexplained):
    """An object that etcd would not store; the real server answers 500 without a reason, too."""


class NotAcceptable(IdpError):
    """The client wants an answer in a format that is not served."""

    code = "NotAcceptable"
    status = 406


class UnknownFormat(NotAcceptable):
    """The formats that the client takes are none of an API server."""


class UnknownPath(NotFound):
    """No page and no kind is served here: answered in plain text, without a `Status`."""


class UnsupportedPatch(UnsupportedMediaType):
    """The body of a PATCH is in a format that is no patch."""

    def __init__(self) -> None:
        super().__init__("415: Unsupported Media Type")


def from_the_future(wanted: int, present: int) -> DeadlineExceeded:
    """The error for a resource version that has not been given out yet.

    The real server waits three seconds for it. Here nobody else gives versions: it will not come.
    """
    return DeadlineExceeded(
        f"Timeout: Too large resource version: {wanted}, current: {present}",
        causes=[Cause("", "Too large resource version", "ResourceVersionTooLarge")],
        details={"retryAfterSeconds": 1},
    )
