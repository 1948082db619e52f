"""`login`, `logout`, `whoami`, `git-credential`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from idp.apps.cli.options import Data, Format, Output, User, layout_of

application = typer.Typer()


@application.command()
def login(
    name: Annotated[str, typer.Argument(help="User name.")],
    data: Data = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", help="File with the password; - reads stdin."),
    ] = None,
    keep_current: Annotated[
        bool, typer.Option("--keep-current", help="Sign in beside the user who is current.")
    ] = False,
) -> None:
    """Sign in. Commands act as who signed in last; `--user NAME` chooses another.

    Examples:

      idp-cli login maya

      idp-cli login maya --password-file maya.password --keep-current
    """
    from idp.apps.cli.connection import connect, save_session

    password = _read_password(password_file)

    async def sign_in() -> Any:
        async with connect(layout_of(data), anonymous=True) as platform:
            return await platform.hub("POST", "/sessions", {"name": name, "password": password})

    session = asyncio.run(sign_in())
    save_session(layout_of(data), session, current=not keep_current)
    typer.echo(f"Signed in as {session['user']} ({', '.join(session['groups']) or 'no groups'}).")


def _read_password(path: Path | None) -> str:
    if path is None:
        password: str = typer.prompt("Password", hide_input=True)
        return password
    text = sys.stdin.read() if str(path) == "-" else path.read_text()
    return text.rstrip("\n")


@application.command()
def logout(data: Data = None, user: User = None) -> None:
    """Sign out: the hub forgets the session, and so does this machine.

    Example:

      idp-cli logout --user maya
    """
    from idp.apps.cli.connection import connect, load_session

    layout = layout_of(data)
    session = load_session(layout, user)

    async def sign_out() -> None:
        async with connect(layout, session.user) as platform:
            await platform.hub("DELETE", "/sessions")

    asyncio.run(sign_out())
    (layout.sessions / f"{session.user}.json").unlink(missing_ok=True)
    typer.echo(f"{session.user} is signed out.")


@application.command()
def whoami(data: Data = None, user: User = None, output: Output = Format.TABLE) -> None:
    """Show who is signed in.

    Example:

      idp-cli whoami -o json
    """
    from idp.apps.cli.connection import connect
    from idp.apps.cli.output import write

    async def ask() -> Any:
        async with connect(layout_of(data), user) as platform:
            return await platform.hub("GET", "/me")

    me = asyncio.run(ask())
    row = me if output is not Format.TABLE else {**me, "groups": ", ".join(me["groups"])}
    write([row], output, columns=("name", "groups"), name="name", empty="")


@application.command("git-credential")
def git_credential(
    operation: Annotated[str, typer.Argument(help="What Git asks for: get, store or erase.")],
    data: Data = None,
    user: User = None,
) -> None:
    """Give Git the session of who is signed in: a credential helper.

    Git calls it, once it is told to for the address of the hub.

    Example:

      git config --global credential.http://127.0.0.1:8600.helper '!idp-cli git-credential'
    """
    from idp.apps.cli.connection import load_session
    from idp.apps.platform.settings import require_settings

    asked = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
    if operation != "get":
        return
    layout = layout_of(data)
    hub = require_settings(layout).hub_url.removeprefix("http://")
    if asked.get("protocol") != "http" or asked.get("host") != hub:
        return  # the session is for the hub and nobody else
    session = load_session(layout, user or asked.get("username"))
    typer.echo(f"username={session.user}\npassword={session.token}")
