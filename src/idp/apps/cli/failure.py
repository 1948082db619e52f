"""Errors as people and scripts see them."""

from __future__ import annotations

import sys

from idp.kernel.errors import (
    AlreadyExists,
    Conflict,
    DeadlineExceeded,
    Forbidden,
    IdpError,
    MissingPrerequisite,
    NotFound,
    Unauthorized,
    Unavailable,
    VerificationFailed,
)

EXIT_CODES: dict[type[IdpError], int] = {
    NotFound: 3,
    Unauthorized: 4,
    Forbidden: 4,
    AlreadyExists: 5,
    Conflict: 5,
    Unavailable: 6,
    DeadlineExceeded: 7,
    VerificationFailed: 8,
    MissingPrerequisite: 9,
}
"""Exit codes by error; every other error is 1, wrong usage is 2, Ctrl-C is 130."""


def exit_code(error: IdpError) -> int:
    """The exit code for an error."""
    return EXIT_CODES.get(type(error), 1)


def show(error: IdpError) -> None:
    """Write what happened, each cause, and what to do next, to standard error."""
    print(f"Error: {error.message}", file=sys.stderr)
    for cause in error.causes:
        if cause.message not in error.message:
            print(f"  {cause.field or 'object'}: {cause.message}", file=sys.stderr)
    if error.remedy:
        print(f"Next:  {error.remedy}", file=sys.stderr)
