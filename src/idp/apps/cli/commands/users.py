"""`users list`, `users create`, `users set-password`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from idp.apps.cli.options import Data, Format, Output, User, layout_of

application = typer.Typer(help="Manage users.", no_args_is_help=True)

GroupOption = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        help="idp:administrators, idp:developers, idp:security, idp:viewers, idp:auditors, "
        "idp:approvers:ENVIRONMENT, or idp:responders:ENVIRONMENT; may be given several times.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="Where a generated password is written (0600)."),
]


@application.command("list")
def list_(data: Data = None, user: User = None, output: Output = Format.TABLE) -> None:
    """List all users and their groups."""
    from idp.apps.cli.connection import connect
    from idp.apps.cli.output import write

    async def ask() -> Any:
        async with connect(layout_of(data), user) as platform:
            return await platform.hub("GET", "/users")

    found = asyncio.run(ask())
    if output is Format.TABLE:
        found = [{**row, "groups": ", ".join(row["groups"])} for row in found]
    write(found, output, columns=("name", "groups"), name="name", empty="There are no users.")


@application.command()
def create(
    name: Annotated[str, typer.Argument(help="User name.")],
    group: GroupOption = None,
    password_file: PasswordFile = None,
    data: Data = None,
    user: User = None,
) -> None:
    """Create a user, or set the groups and password of one.

    Examples:

      idp-cli users create maya --group idp:developers

      idp-cli users create uma --group idp:approvers:uat --password-file uma.password
    """
    from idp.apps.cli.connection import connect
    from idp.apps.hub.passwords import generate_password

    if password_file is None:
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = generate_password()

    async def put() -> None:
        async with connect(layout_of(data), user) as platform:
            body = {"password": password, "groups": group or []}
            await platform.hub("PUT", f"/users/{name}", body)

    asyncio.run(put())
    if password_file is not None:
        password_file.parent.mkdir(parents=True, exist_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(password + "\n")
    typer.echo(f"{name} may sign in: `idp-cli login {name}`.")


@application.command("set-password")
def set_password(
    name: Annotated[str, typer.Argument(help="User name.")], data: Data = None
) -> None:
    """Set a password on the machine of the platform itself, for who lost it.

    It needs no session: whoever may write the data folder may set passwords.
    """
    from idp.apps.hub.users import open_users
    from idp.apps.platform.settings import require_settings
    from idp.kernel.errors import NotFound

    layout = layout_of(data)
    require_settings(layout)
    users = open_users(layout)
    if name not in users.names():
        raise NotFound(f"there is no user {name!r}", remedy="`idp-cli users list` shows all.")
    password: str = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    users.set_password(name, password)
    typer.echo(f"{name} has a new password; open sessions are closed.")
