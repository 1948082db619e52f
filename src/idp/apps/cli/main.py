"""The entry point: which commands there are, and what happens to their errors.

Commands are listed here by name, module and one line of help; a module is imported only when one
of its commands runs, so that `idp-cli --help` and completion stay quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from idp.apps.cli.table import AREAS, COMMANDS


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command; None when there is no such command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, attribute = entry.module.split(":")
        group = typer.main.get_group(getattr(import_module(module), attribute))
        found = group.commands[cmd_name] if entry.single else group
        found.name = cmd_name
        return found

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands by area, from the table alone."""
        for area, names in AREAS.items():
            with formatter.section(area):
                formatter.write_dl([(name, COMMANDS[name].help) for name in names])


application = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `idp-cli up`; `idp-cli COMMAND --help` shows examples.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"idp-cli {version('idp')}")
        raise typer.Exit


@application.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """An internal developer platform: from git push to production, through gates."""
    context.obj = _advisories


def _advisories(data: Path | None) -> Path:
    """Where the advisories of a data folder are; the commands of `security` ask."""
    from idp.apps.cli.options import layout_of

    return layout_of(data).advisories


def main() -> None:
    """Run a command; errors become a message, a remedy and an exit code."""
    from idp.kernel.errors import IdpError

    try:
        application()
    except IdpError as error:
        from idp.apps.cli.failure import exit_code, show

        show(error)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
