"""Runs the demo and shows it as a live tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp

from idp.apps.cli.connection import Platform, connect
from idp.apps.cli.demo.examples import EXAMPLES, NAMESPACE, Example, make_repository
from idp.apps.cli.demo.users import APPROVERS, DEVELOPER, DemoUser, sign_in_demo_users
from idp.apps.cli.deploy import push_and_follow
from idp.apps.cli.follow import follow_promotion
from idp.apps.cli.options import Format
from idp.apps.cli.output import write
from idp.apps.cli.progress import Progress
from idp.apps.cli.promote import create_approval, must_accept
from idp.apps.cli.tree import Line
from idp.apps.platform.layout import Layout
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest

PEOPLE_SECONDS = 3600.0
MACHINE_SECONDS = 300.0
ACCEPTED_DAYS = 30


async def run_demo(layout: Layout, *, approve: bool, only: str | None, output: Format) -> None:
    """Take each example to production and show where it runs.

    Raises:
        InvalidInput: There is no example of that name.
    """
    examples = [example for example in EXAMPLES if only in (None, example.name)]
    if not examples:
        names = ", ".join(example.name for example in EXAMPLES)
        raise InvalidInput(f"there is no example {only!r}", remedy=f"The examples are {names}.")
    await sign_in_demo_users(layout)
    rows: list[dict[str, Any]] = []
    async with connect(layout, DEVELOPER.name) as platform:
        for example in examples:
            with Progress(f"{example.name}: from git push to production") as progress:
                await _take_to_production(platform, progress, example, approve=approve)
            rows += await _where_it_runs(platform, example)
    write(
        rows,
        output,
        columns=("application", "environment", "release", "digest", "url", "status"),
        name="url",
        empty="",
    )


async def _take_to_production(
    platform: Platform, progress: Progress, example: Example, *, approve: bool
) -> None:
    folder = platform.layout.folder / "demo" / example.name
    make_repository(example, folder)
    root = progress.root
    release = await push_and_follow(platform, progress, root, folder, NAMESPACE, example.name)
    name = release["metadata"]["name"]
    for environment in platform.environments:
        line = root.child(environment)
        approver = APPROVERS.get(environment)
        if approver is not None:
            waiting = await _follow(platform, progress, line, example, name, people=False)
            if waiting["status"]["phase"] == "Running":
                await _ask(platform, progress, line, waiting, environment, approver, approve)
        await _follow(platform, progress, line, example, name, people=True)


async def _follow(
    platform: Platform,
    progress: Progress,
    line: Line,
    example: Example,
    release: str,
    *,
    people: bool,
) -> Manifest:
    return await follow_promotion(
        platform.instance(line.title),
        progress,
        line,
        namespace=NAMESPACE,
        application=example.name,
        release=release,
        until_approval=not people,
        seconds=PEOPLE_SECONDS if people else MACHINE_SECONDS,
    )


async def _ask(
    platform: Platform,
    progress: Progress,
    line: Line,
    promotion: Manifest,
    environment: str,
    approver: DemoUser,
    approve: bool,
) -> None:
    gaps = await must_accept(platform.instance(environment), promotion)
    command = approval_command(platform.layout, promotion, environment, approver, gaps)
    people = line.child("people")
    progress.update(people, "attention", command)
    if not approve:
        return
    async with connect(platform.layout, approver.name) as as_approver:
        await create_approval(
            as_approver,
            promotion,
            environment,
            decision="approve",
            comment="approved by the demo",
            accepts=gaps,
            days=ACCEPTED_DAYS,
        )
    accepted = f", accepting {', '.join(gaps)} for {ACCEPTED_DAYS} days" if gaps else ""
    progress.update(people, "done", f"{approver.name} approved{accepted}")


def approval_command(
    layout: Layout,
    promotion: Manifest,
    environment: str,
    approver: DemoUser,
    gaps: Sequence[str],
) -> str:
    """The exact command with which the approver says yes."""
    application = promotion["spec"]["application"]
    flags = "".join(f" --accept {gap}" for gap in gaps)
    return (
        f"idp-cli approve {application} -n {NAMESPACE} -e {environment}{flags} "
        f"--user {approver.name} --data {layout.folder}"
    )


async def _where_it_runs(platform: Platform, example: Example) -> list[dict[str, Any]]:
    overview = await platform.hub("GET", "/applications")
    rows = []
    async with aiohttp.ClientSession() as session:
        for row in overview["applications"]:
            if row["application"] != example.name or row["namespace"] != NAMESPACE:
                continue
            gateway = platform.settings.instances[row["environment"]].gateway
            host = f"{example.name}.{row['environment']}.localhost"
            url = f"http://127.0.0.1:{gateway}{example.path}"
            async with session.get(url, headers={"Host": host}) as answer:
                rows.append({**row, "status": answer.status})
    return rows
