"""`pipeline show`, `pipeline validate`, `pipeline simulate`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from idp.apps.cli.options import (
    DEFAULT_NAMESPACE,
    Data,
    Format,
    Namespace,
    Output,
    User,
    complete_environment,
    layout_of,
)

if TYPE_CHECKING:
    from idp.capabilities.promotion.decide.simulation import Simulation

application = typer.Typer(
    help="Show, check and try the gates before each environment.", no_args_is_help=True
)

OneEnvironment = Annotated[
    str | None,
    typer.Option(
        "--environment", "-e", help="Only this one; all.", autocompletion=complete_environment
    ),
]


@application.command()
def show(
    name: Annotated[
        str | None, typer.Argument(help="Application whose releases are shown; none.")
    ] = None,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """Draw the way from a push to production, with the gates before each environment.

    Examples:

      idp-cli pipeline show

      idp-cli pipeline show hello
    """
    from idp.apps.cli.connection import connect
    from idp.apps.cli.output import write_value
    from idp.apps.cli.pipeline_picture import in_order, picture
    from idp.apps.cli.simulate import running_version
    from idp.capabilities.environments.kinds import PromotionPipeline, PromotionPipelineSpec

    async def ask() -> tuple[dict[str, PromotionPipelineSpec], dict[str, str]]:
        pipelines, running = {}, {}
        async with connect(layout_of(data), user) as platform:
            for environment in platform.environments:
                client = platform.instance(environment)
                manifest = await client.get(PromotionPipeline.type(), "default")
                pipelines[environment] = PromotionPipeline.parse(manifest).spec
                if name is not None:
                    running[environment] = await running_version(client, namespace, name)
        return pipelines, running

    pipelines, running = asyncio.run(ask())
    if output is Format.TABLE:
        typer.echo("\n".join(picture(pipelines, running)))
        return
    if output is Format.NAME:
        typer.echo("\n".join(in_order(pipelines)))
        return
    rows = [
        {
            "environment": environment,
            **pipelines[environment].model_dump(mode="json", by_alias=True),
            **({"running": running[environment]} if environment in running else {}),
        }
        for environment in in_order(pipelines)
    ]
    write_value(rows, output)


@application.command()
def validate(
    file: Annotated[Path, typer.Argument(help="YAML: a PromotionPipeline, a SecurityProfile.")],
) -> None:
    """Check a file of rules, without asking any instance; every mistake with its line.

    Example:

      idp-cli pipeline validate production.yaml
    """
    from idp.apps.cli.pipeline_files import read_rules
    from idp.apps.platform.layout import ENVIRONMENTS

    rules = read_rules(file, ENVIRONMENTS)
    for kind, spec in (("PromotionPipeline", rules.pipeline), ("SecurityProfile", rules.profile)):
        if spec is not None:
            typer.echo(f"{kind} is valid; its version would be {spec.version}.")
    typer.echo(f"Next: `idp-cli pipeline simulate APPLICATION -e ENVIRONMENT --with {file}`.")


@application.command("simulate")
def simulate_(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    environment: OneEnvironment = None,
    release: Annotated[
        str | None, typer.Option("--release", help="Version, such as r12-3fa9c1d; the newest.")
    ] = None,
    instead: Annotated[
        Path | None, typer.Option("--with", help="File of rules instead of those in force.")
    ] = None,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """Tell what would happen to a release, and why, without doing anything.

    Examples:

      idp-cli pipeline simulate hello

      idp-cli pipeline simulate hello -e production --release r12-3fa9c1d

      idp-cli pipeline simulate hello -e production --with stricter.yaml -o json
    """
    from idp.apps.cli.output import write_value
    from idp.apps.cli.simulate import as_json, lines

    simulations = asyncio.run(_simulate(data, user, environment, namespace, name, release, instead))
    if output is Format.TABLE:
        typer.echo("\n\n".join("\n".join(lines(simulation)) for simulation in simulations))
    elif output is Format.NAME:
        typer.echo("\n".join(s.environment for s in simulations if s.ending != "Refused"))
    else:
        write_value([as_json(simulation) for simulation in simulations], output)


async def _simulate(
    data: Any,
    user: str | None,
    environment: str | None,
    namespace: str,
    name: str,
    release: str | None,
    instead: Path | None,
) -> list[Simulation]:
    from idp.apps.cli.connection import connect
    from idp.apps.cli.pipeline_files import read_rules
    from idp.apps.cli.simulate import simulate_in
    from idp.kernel.errors import InvalidInput, NotFound

    if instead is not None and environment is None:
        raise InvalidInput(
            "rules are of one environment: which one would get these?",
            remedy=f"Name it: `idp-cli pipeline simulate {name} -e ENVIRONMENT --with {instead}`.",
        )
    now = datetime.now(UTC)
    async with connect(layout_of(data), user) as platform:
        rules = read_rules(instead, platform.environments) if instead is not None else None
        found = []
        for place in [environment] if environment else platform.environments:
            try:
                found.append(
                    await simulate_in(platform, place, namespace, name, release, rules, now)
                )
            except NotFound as error:
                if environment is not None:
                    raise
                typer.echo(f"{place}: {error.message}", err=True)
    if not found:
        raise NotFound(
            f"no environment knows a release of {name}", remedy="A `git push` makes the first one."
        )
    return found
