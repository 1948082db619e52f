"""Starts the platform with a live tree, and stops it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import typer

from idp.apps.cli.connection import save_session
from idp.apps.cli.progress import Progress
from idp.apps.cli.tree import Line
from idp.apps.hub.passwords import (
    RULES,
    check_user_name,
    generate_password,
    password_problems,
)
from idp.apps.hub.users import open_users
from idp.apps.platform.control_plane import choose_control_plane
from idp.apps.platform.layout import Layout
from idp.apps.platform.preflight import check_ports, demand, machine_checks
from idp.apps.platform.processes import (
    end_former,
    is_running,
    processes,
    start_supervisor,
    stop_supervisor,
)
from idp.apps.platform.readiness import PartState, parts
from idp.apps.platform.settings import (
    DEFAULT_PORT,
    PlatformSettings,
    load_settings,
    settings_from_port,
)
from idp.apps.platform.setup import administrator_exists, create_administrator, prepare
from idp.kernel.errors import DeadlineExceeded, InvalidInput, Unavailable

READY_SECONDS = 90.0
REAL_READY_SECONDS = 180.0
"""Four etcd and four kube-apiserver want their time on a small machine."""
ADMINISTRATOR = "admin"
HOPELESS_DEATHS = 3


def start(
    layout: Layout,
    *,
    yes: bool,
    administrator: str | None,
    first_port: int | None,
    control_plane: str | None = None,
) -> None:
    """Check, set up what is missing, start, and wait until everything answers.

    Args:
        layout: The data folder.
        yes: Ask nothing.
        administrator: Name of the first administrator; None asks for it, or takes `admin`.
        first_port: Of a new platform; None takes the usual one.
        control_plane: `embedded`, `envtest` or `kubeconfig:PATH`, of a new platform; None takes the
            usual one.

    Raises:
        MissingPrerequisite: The machine lacks something, or a port is in use.
        Unavailable: A part ends again and again, or says that it cannot work.
        DeadlineExceeded: A part does not come up.
    """
    known = load_settings(layout)
    if known is not None and first_port not in (None, known.hub):
        raise InvalidInput(
            f"the platform in {layout.folder} uses port {known.hub}, which does not change",
            remedy="Leave --port out, or set up another platform with --data.",
        )
    former = known.control_plane if known is not None else None
    chosen = choose_control_plane(control_plane, former, layout.folder)
    settings = known or settings_from_port(first_port or DEFAULT_PORT)
    settings = settings.model_copy(update={"control_plane": chosen})
    running = is_running(layout)
    if not running:
        end_former(layout)
        demand([*machine_checks(layout.folder), *check_ports(settings, layout)])
    name, password = administrator or ADMINISTRATOR, None
    if not administrator_exists(layout):
        if administrator is None and not yes:
            name = typer.prompt("Name of the administrator", default=ADMINISTRATOR)
        check_user_name(name)
        password = _choose_password(name, ask=not yes)
    # Of a supervisor that runs already, what died before does not count: it may be mended.
    died = {process.name: process.restarts for process in processes(layout)}
    created = False
    try:
        with Progress("The platform") as progress:
            if not running:
                _set_up(layout, settings, progress)
                start_supervisor(layout)
            if password is not None:
                create_administrator(layout, name, password)
                created = True
                _sign_in(layout, name)
            asyncio.run(_until_ready(layout, settings, progress, died))
    finally:  # also when Ctrl-C or a part that fails ends it: nobody could sign in otherwise
        if created and yes:
            typer.echo(f"\nAdministrator {name}, password {password}")
            typer.echo("It is shown this once and stored only as a hash.")


def _set_up(layout: Layout, settings: PlatformSettings, progress: Progress) -> None:
    line = progress.root.child("set-up")
    progress.update(line, "running", str(layout.folder))
    prepare(layout, settings)
    progress.update(line, "done", str(layout.folder))


def _choose_password(name: str, *, ask: bool) -> str:
    if not ask:
        return generate_password()
    typer.echo(f"Choose a password for the administrator {name}: {', '.join(RULES)}.")
    while True:
        password: str = typer.prompt("Password", hide_input=True)
        if problems := password_problems(name, password):
            typer.echo("It will not do: " + "; ".join(problems) + ".")
        elif typer.prompt("Again", hide_input=True) != password:
            typer.echo("The two are not the same.")
        else:
            return password


def _sign_in(layout: Layout, name: str) -> None:
    users = open_users(layout)
    token, expires = users.open_session(name)
    save_session(
        layout,
        {
            "user": name,
            "token": token,
            "expires": expires,
            "groups": list(users.names()[name]),
        },
    )


async def _until_ready(
    layout: Layout, settings: PlatformSettings, progress: Progress, died: Mapping[str, int]
) -> None:
    real = settings.control_plane.kind != "embedded"
    patience = REAL_READY_SECONDS if real else READY_SECONDS
    deadline = time.monotonic() + patience
    lines = {name: progress.root.child(name) for name in ["hub", *settings.instances]}
    while True:
        found = await parts(layout, settings)
        for part in found:
            _show(progress, lines[part.name], part)
            _demand_hope(part, part.restarts - died.get(part.name, 0), layout)
        if all(part.state == "running" for part in found):
            return
        if time.monotonic() > deadline:
            late = next(part for part in found if part.state != "running")
            raise DeadlineExceeded(
                f"{late.name} is not ready after {patience:.0f} s: {late.message or late.state}",
                remedy=f"Look at {layout.log(late.name)}; `idp-cli doctor` checks the machine.",
            )
        await asyncio.sleep(0.1)


def _demand_hope(part: PartState, deaths: int, layout: Layout) -> None:
    """Stop waiting for a part that dies again and again; the supervisor goes on trying."""
    if part.state == "stopped" and deaths >= (1 if part.hopeless else HOPELESS_DEATHS):
        raise Unavailable(
            f"{part.name} does not start: {part.message}",
            remedy=part.remedy or f"Look at {layout.log(part.name)}.",
        )


def _show(progress: Progress, line: Line, part: PartState) -> None:
    if part.state == "running":
        progress.update(line, "done", part.url)
    else:
        progress.update(line, "running", part.message or "starting the process")


def stop(layout: Layout) -> bool:
    """Stop the processes of the platform, then the applications and gateways that outlive them.

    Returns:
        Whether the platform was running.
    """
    from idp.apps.instance.shutdown import stop_outliving

    running = stop_supervisor(layout)
    settings = load_settings(layout)
    if settings is not None:
        instances = [layout.instance(environment) for environment in settings.instances]
        asyncio.run(stop_outliving(instances))
    return running
