"""`create`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from idp.apps.cli.options import DEFAULT_NAMESPACE, Data, Namespace, User, layout_of

application = typer.Typer()


@application.command()
def create(
    template: Annotated[
        str | None, typer.Argument(help="Template; without one the templates are listed.")
    ] = None,
    name: Annotated[str | None, typer.Argument(help="Name of the application.")] = None,
    value: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE for the template; may be given several times."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Where a clone is put; the name by default."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show every file that would be made; make nothing.")
    ] = False,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Make an application from a template and follow it until it answers.

    The repository is made on the platform, in your name, and cloned into a new folder. Nothing that
    exists is overwritten.

    Examples:

      idp-cli create

      idp-cli create python-web shop --set title='The shop'

      idp-cli create static-site docs --set title=Docs --preview
    """
    from idp.apps.cli.creation import list_templates, make, show_preview
    from idp.kernel.errors import InvalidInput

    layout = layout_of(data)
    if template is None:
        asyncio.run(list_templates(layout, user))
        return
    if name is None:
        raise InvalidInput(
            "the application needs a name", remedy=f"Write `idp-cli create {template} NAME`."
        )
    values = {"name": name, **_pairs(value or [])}
    wanted = {"template": template, "namespace": namespace, "values": values}
    if preview:
        asyncio.run(show_preview(layout, user, wanted))
    else:
        target = (folder or Path(name)).expanduser().absolute()
        asyncio.run(make(layout, user, wanted, target))


def _pairs(texts: list[str]) -> dict[str, str]:
    from idp.kernel.errors import InvalidInput

    for text in texts:
        if "=" not in text:
            raise InvalidInput(f"{text!r} is not KEY=VALUE", remedy="Write it as `title='My app'`.")
    return dict(text.split("=", 1) for text in texts)
