"""Raises vulnerable dependencies on branches, has them tested, and merges what helps.

The work happens here, on the machine of who asks, with that person's rights: a clone, the lock
raised by `uv`, a branch `fix/<package>-<version>`. The platform builds and scans that commit
(`Remediation`); only what it calls `Tested` is merged, and only when `main` did not move meanwhile.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from uv import find_uv_bin

from idp.apps.cli.connection import Platform, connect
from idp.apps.cli.git_push import clone, commit_all, push
from idp.apps.platform.layout import Layout
from idp.capabilities.scanning.advisories import AdvisoryDatabase
from idp.capabilities.scanning.kinds import Remediation
from idp.capabilities.scanning.osv import Advisory, Affected
from idp.capabilities.scanning.remediation import fixed_versions, lowest_fix, replace_requirement
from idp.kernel.errors import Conflict, InvalidInput, NotFound

REMEDIATION = Remediation.type()
LOCKS = ("uv.lock", "requirements.txt")
UV_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Raise:
    """A dependency that is to be raised.

    Attributes:
        package: Its name.
        used: Version that is used.
        version: Version that has no known vulnerability; empty when nobody names one.
        findings: Names of what is found in it.
    """

    package: str
    used: str
    version: str
    findings: tuple[str, ...]


def plan(
    database: AdvisoryDatabase, findings: list[dict[str, Any]], ecosystem: str = "PyPI"
) -> list[Raise]:
    """One raise for each vulnerable package, by name."""
    by_package: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        if finding["package"] and finding["state"] == "open":
            key = (str(canonicalize_name(finding["package"])), finding["version"])
            by_package.setdefault(key, []).append(finding["finding"])
    raises = []
    for (package, used), names in sorted(by_package.items()):
        version = lowest_fix(_known(database, (ecosystem, package), used), used) or ""
        raises.append(Raise(package, used, version, tuple(sorted(set(names)))))
    return raises


def _known(
    database: AdvisoryDatabase, package: tuple[str, str], used: str
) -> list[tuple[Advisory, Affected]]:
    """What is known about the version that is used, and about those that are said to be fixed."""
    versions = {used}
    while True:
        found = database.lookup({package: sorted(versions)})
        known = [(advisory, part) for _, _, advisory in found for part in advisory.affected]
        if (fixed := fixed_versions(known)) <= versions:
            return known
        versions |= fixed


def raise_locks(folder: Path, wanted: Raise) -> list[str]:
    """Raise a dependency in a folder's lock files; gives the files that changed.

    Raises:
        InvalidInput: There is no lock that can be raised, or the rest of the project forbids it.
    """
    changed = []
    if (folder / "uv.lock").exists():
        _uv(folder, "lock", "--upgrade-package", f"{wanted.package}=={wanted.version}")
        changed.append("uv.lock")
    elif (path := folder / "requirements.txt").exists():
        lines = _uv(
            folder,
            *("pip", "compile", "--no-deps", "--generate-hashes", "--no-header", "--no-annotate"),
            *("--quiet", "-"),
            given=f"{wanted.package}=={wanted.version}\n",
        )
        path.write_text(replace_requirement(path.read_text(), wanted.package, lines))
        changed.append(path.name)
    if not changed:
        raise InvalidInput(
            f"there is no {' and no '.join(LOCKS)} in which {wanted.package} could be raised",
            remedy="Raise it with the tool that wrote the lock, such as `npm update`, and push.",
        )
    if wanted.version not in "".join((folder / name).read_text() for name in changed):
        raise InvalidInput(
            f"{wanted.package} stays at {wanted.used}: something else in the project holds it",
            remedy="Allow the version in pyproject.toml, and try again.",
        )
    return changed


def _uv(folder: Path, *arguments: str, given: str = "") -> str:
    try:
        done = subprocess.run(
            [find_uv_bin(), *arguments],
            cwd=folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=UV_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InvalidInput("uv found no answer in time", remedy="Is the registry up?") from error
    if done.returncode != 0:
        raise InvalidInput(
            f"the dependency cannot be raised: {done.stderr.strip()[-1500:]}",
            remedy="Allow the version in pyproject.toml, or see that the registry answers.",
        )
    return done.stdout


async def fix(
    layout: Layout, user: str | None, namespace: str, application: str, finding: str | None
) -> tuple[list[str], list[Raise]]:
    """Ask for remediations of an application.

    Args:
        layout: The data folder.
        user: Who asks; None for who is signed in.
        namespace: Of the application.
        application: Its name.
        finding: Only this one, by any of its names; None for all.

    Returns:
        Names of the Remediations, and what nobody knows a fixed version of.

    Raises:
        NotFound: Nothing of that kind is open.
    """
    async with connect(layout, user) as platform:
        raises = plan(
            AdvisoryDatabase(layout.advisories),
            await _open(platform, namespace, application, finding),
        )
        if not raises:
            raise NotFound(
                f"no open finding of {application} is in a package",
                remedy=f"`idp-cli security findings {application} -n {namespace}` lists all.",
            )
        created = [
            await _ask(platform, namespace, application, wanted)
            for wanted in raises
            if wanted.version
        ]
    return created, [wanted for wanted in raises if not wanted.version]


async def _open(
    platform: Platform, namespace: str, application: str, finding: str | None
) -> list[dict[str, Any]]:
    from urllib.parse import urlencode

    query = {
        "environment": platform.environments[0],
        "namespace": namespace,
        "application": application,
        "state": "open",
        "limit": "1000",
        **({"name": finding} if finding else {}),
    }
    found: list[dict[str, Any]] = await platform.hub("GET", f"/findings?{urlencode(query)}")
    return found


async def _ask(platform: Platform, namespace: str, application: str, wanted: Raise) -> str:
    """Push a branch, and have it tested."""
    assert platform.session is not None
    session, url = platform.session, _repository(platform, namespace, application)
    branch = f"fix/{wanted.package}-{wanted.version}"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "work"
        await asyncio.to_thread(clone, url, folder, session)
        await asyncio.to_thread(raise_locks, folder, wanted)
        message = (
            f"Raise {wanted.package} from {wanted.used} to {wanted.version}\n\n"
            f"Fixes {', '.join(wanted.findings)}."
        )
        await asyncio.to_thread(commit_all, folder, message, session.user)
        pushed = await asyncio.to_thread(push, folder, url, session, branch=branch)
    body = {
        "metadata": {"generateName": f"{application}-{wanted.package}-", "namespace": namespace},
        "spec": {
            "application": application,
            "package": wanted.package,
            "version": wanted.version,
            "findings": list(wanted.findings),
            "branch": branch,
            "commit": pushed.commit,
            "author": platform.user,
        },
    }
    created = await platform.instance(platform.environments[0]).create(REMEDIATION, body)
    return str(created["metadata"]["name"])


async def merge(layout: Layout, user: str | None, namespace: str, name: str) -> str:
    """Make a tested commit the newest one of `main`; gives the commit.

    Raises:
        Conflict: It is not tested, or does not help.
        PushRefused: `main` moved meanwhile.
    """
    async with connect(layout, user) as platform:
        assert platform.session is not None
        client = platform.instance(platform.environments[0])
        remediation = Remediation.parse(await client.get(REMEDIATION, name, namespace))
        status, spec = remediation.status, remediation.spec
        if status is None or status.phase != "Tested":
            said = f"{status.phase}: {status.message}" if status else "not looked at yet"
            raise Conflict(
                f"{name} may not be merged, it is {said}",
                remedy=f"`idp-cli get remediations -n {namespace}` shows how far it is.",
            )
        url = _repository(platform, namespace, spec.application)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "work"
            await asyncio.to_thread(clone, url, folder, platform.session)
            await asyncio.to_thread(push, folder, url, platform.session, revision=spec.commit)
    return spec.commit


def _repository(platform: Platform, namespace: str, application: str) -> str:
    return f"{platform.settings.hub_url}/git/{namespace}/{application}.git"
