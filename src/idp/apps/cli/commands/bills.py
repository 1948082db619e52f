"""`security sbom`."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from idp.apps.cli.options import (
    DEFAULT_NAMESPACE,
    Data,
    Environment,
    Format,
    Namespace,
    User,
    layout_of,
)


class BillFormat(StrEnum):
    """A form of a bill of materials."""

    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"


def sbom(
    subject: Annotated[
        str, typer.Argument(help="A folder, or a release: `hello` or `hello:1.2.0`.")
    ],
    form: Annotated[
        BillFormat, typer.Option("--format", help="CycloneDX 1.6 or SPDX 2.3.")
    ] = BillFormat.CYCLONEDX,
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Write the bill of materials of a folder, or that which is attested about a release.

    A folder's says what its lock files name: Python, Node, Go and Java. It is the same for the same
    files. A subject with a slash in it, or a dot in front, such as `.` or `apps/shop`, is a folder.

    Examples:

      idp-cli security sbom . --format spdx > shop.spdx.json

      idp-cli security sbom hello -e production > hello.cdx.json
    """
    from idp.apps.cli.bills import bill_of_folder, bill_of_release
    from idp.apps.cli.output import write_value

    if "/" in subject or subject.startswith((".", "~")):
        document = bill_of_folder(Path(subject))
    else:
        document = asyncio.run(
            bill_of_release(layout_of(data), user, environment, namespace, subject)
        )
    if form is BillFormat.SPDX:
        from idp.capabilities.scanning.spdx import spdx_document

        document = spdx_document(document)
    write_value(document, Format.JSON)
