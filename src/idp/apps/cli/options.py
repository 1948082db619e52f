"""Options that many commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from idp.apps.platform.layout import DATA_VARIABLE, Layout, default_data_folder

DEFAULT_NAMESPACE = "demo"


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


def complete_environment(incomplete: str) -> list[str]:
    """Names of environments, for the shell."""
    from idp.apps.platform.layout import ENVIRONMENTS

    return [name for name in ENVIRONMENTS if name.startswith(incomplete)]


Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the platform.", envvar=DATA_VARIABLE, file_okay=False),
]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to write the result.")]
User = Annotated[
    str | None,
    typer.Option("--user", help="Act as this user, who must have signed in.", envvar="IDP_USER"),
]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="Namespace.", envvar="IDP_NAMESPACE")
]
Environment = Annotated[
    str,
    typer.Option("--environment", "-e", help="Environment.", autocompletion=complete_environment),
]
Version = Annotated[
    str | None, typer.Option("--version", help="Version of the release; the newest by default.")
]


def layout_of(data: Path | None) -> Layout:
    """The data folder that a command works on."""
    return Layout(data.expanduser().absolute() if data else default_data_folder())
