"""`up`, `down`, `status`, `doctor`, `reset`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import typer

from idp.apps.cli.options import Data, Format, Output, layout_of

application = typer.Typer()


@application.command()
def up(
    data: Data = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; generate the password.")
    ] = False,
    admin: Annotated[
        str | None, typer.Option("--admin", help="Name of the administrator; asked for.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="First port; 8600 by default. For a new platform.")
    ] = None,
    control_plane: Annotated[
        str | None,
        typer.Option(
            "--control-plane",
            help="Where the Kubernetes API comes from: embedded (the default), envtest or "
            "kubeconfig:PATH. For a new platform.",
            envvar="IDP_CONTROL_PLANE",
        ),
    ] = None,
) -> None:
    """Start the platform; set it up when there is none yet.

    Examples:

      idp-cli up

      idp-cli up --yes --data /srv/idp --port 9600

      KUBEBUILDER_ASSETS=/opt/envtest idp-cli up --control-plane envtest
    """
    from idp.apps.cli.start import start

    start(
        layout_of(data),
        yes=yes,
        administrator=admin,
        first_port=port,
        control_plane=control_plane,
    )


@application.command()
def down(data: Data = None) -> None:
    """Stop the platform and the applications that it runs; `up` brings everything back.

    Example:

      idp-cli down
    """
    from idp.apps.cli.start import stop

    stopped = stop(layout_of(data))
    typer.echo("The platform is stopped." if stopped else "The platform was not running.")


@application.command()
def status(data: Data = None, output: Output = Format.TABLE) -> None:
    """Show the platform's processes and their health. Exit code 6 when a part does not run.

    Example:

      idp-cli status -o json
    """
    from idp.apps.cli.output import write
    from idp.apps.platform.readiness import parts
    from idp.apps.platform.settings import require_settings

    layout = layout_of(data)
    found = asyncio.run(parts(layout, require_settings(layout)))
    write(
        [{field: getattr(part, field) for field in part.__slots__} for part in found],
        output,
        columns=("name", "state", "pid", "restarts", "url", "message"),
        name="name",
        empty="",
    )
    if any(part.state != "running" for part in found):
        raise typer.Exit(6)


@application.command()
def doctor(data: Data = None, output: Output = Format.TABLE) -> None:
    """Check the machine, with a remedy for what is missing. Exit code 9 when it will not do.

    Example:

      idp-cli doctor
    """
    from idp.apps.cli.output import write
    from idp.apps.platform.preflight import check_ports, machine_checks
    from idp.apps.platform.processes import is_running
    from idp.apps.platform.settings import DEFAULT_PORT, load_settings, settings_from_port

    layout = layout_of(data)
    checks = machine_checks(layout.folder)
    if not is_running(layout):
        checks += check_ports(load_settings(layout) or settings_from_port(DEFAULT_PORT), layout)
    rows = [
        {
            "name": check.name,
            "state": "good" if check.good else ("bad" if check.required else "warning"),
            "found": check.found,
            "remedy": "" if check.good else check.remedy,
        }
        for check in checks
    ]
    shown = rows if output is not Format.TABLE else [r for r in rows if not _fine_port(r)]
    write(
        shown, output, columns=("name", "state", "found", "remedy"), name="name", empty="All good."
    )
    if any(row["state"] == "bad" for row in rows):
        raise typer.Exit(9)


def _fine_port(row: dict[str, str]) -> bool:
    return row["name"].startswith("Port ") and row["state"] == "good"


@application.command()
def reset(
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the platform and delete its data folder: applications, releases, history, users.

    Example:

      idp-cli reset --data /srv/idp
    """
    import shutil

    from idp.apps.cli.start import stop
    from idp.apps.platform.settings import require_settings

    layout = layout_of(data)
    require_settings(layout)
    if not yes:
        typer.echo(f"This deletes everything in {layout.folder}.")
        typer.confirm("Delete it?", abort=True)
    stop(layout)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(layout.folder)
    typer.echo(f"{layout.folder} is deleted.")
