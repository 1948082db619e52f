"""`kinds`, `explain`, `get`, `describe`, `apply`, `delete`: any kind of any instance."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from idp.apps.cli.options import (
    DEFAULT_NAMESPACE,
    Data,
    Environment,
    Format,
    Namespace,
    Output,
    User,
    layout_of,
)

application = typer.Typer()

KindArgument = Annotated[str, typer.Argument(help="Kind, plural or short name.")]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="In all namespaces.")]


@application.command()
def kinds(output: Output = Format.TABLE) -> None:
    """List the kinds of the platform.

    Example:

      idp-cli kinds -o json
    """
    from idp.apps.cli.explain import kind_rows
    from idp.apps.cli.output import write

    write(
        kind_rows(),
        output,
        columns=("kind", "plural", "short", "namespaced", "about"),
        name="kind",
        empty="",
    )


@application.command()
def explain(
    path: Annotated[str, typer.Argument(help="Kind, or field such as webapplication.spec.health.")],
) -> None:
    """Explain a kind or a field of it.

    Examples:

      idp-cli explain webapplication

      idp-cli explain webapplication.spec.health
    """
    from idp.apps.cli.explain import explanation

    typer.echo(explanation(path))


@application.command()
def get(
    kind: KindArgument,
    name: Annotated[str | None, typer.Argument(help="Name of one object.")] = None,
    environment: Environment = "development",
    all_namespaces: AllNamespaces = False,
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", help="Label selector.")
    ] = None,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """List objects of any kind, or show one.

    Examples:

      idp-cli get apps -e production

      idp-cli get promotion hello-r3-1a2b3c4 -o yaml
    """
    from idp.apps.cli.resources import show

    asyncio.run(
        show(
            layout_of(data),
            user,
            environment,
            kind,
            name,
            None if all_namespaces else namespace,
            selector,
            output,
        )
    )


@application.command()
def describe(
    kind: KindArgument,
    name: Annotated[str, typer.Argument(help="Name of the object.")],
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Show an object, its conditions and its events.

    Example:

      idp-cli describe app hello -e staging
    """
    from idp.apps.cli.resources import describe as run

    asyncio.run(run(layout_of(data), user, environment, kind, name, namespace))


@application.command()
def apply(
    file: Annotated[
        list[Path], typer.Option("--file", "-f", help="File or folder; - reads stdin; repeatable.")
    ],
    environment: Environment = "development",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only.")] = False,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Apply manifests from files, folders or stdin.

    Example:

      idp-cli apply -f idp.yaml -e development
    """
    from idp.apps.cli.resources import apply_files

    asyncio.run(apply_files(layout_of(data), user, environment, namespace, file, dry_run=dry_run))


@application.command()
def delete(
    kind: KindArgument,
    names: Annotated[list[str], typer.Argument(help="Names of the objects.")],
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Delete objects.

    Example:

      idp-cli delete app hello -e development
    """
    from idp.apps.cli.resources import delete_objects

    asyncio.run(delete_objects(layout_of(data), user, environment, kind, names, namespace))
