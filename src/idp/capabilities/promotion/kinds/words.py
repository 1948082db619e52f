"""Strings of a fixed form that several kinds use."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
ImageReference = Annotated[
    str, StringConstraints(pattern=r"^[^@\s]+@sha256:[0-9a-f]{64}$", max_length=512)
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
ObjectName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=200)
]
ObjectNameOrNone = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$", max_length=200)
]
RepositoryName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([-._a-z0-9]*[a-z0-9])?/[a-z0-9]([-._a-z0-9]*[a-z0-9])?$"),
]
CommitId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Version = Annotated[str, StringConstraints(pattern=r"^r[0-9]+-[0-9a-f]{7,40}$", max_length=60)]
Line = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\r\n]*$")]
Phase = Literal["Pending", "Running", "Succeeded", "Failed"]
