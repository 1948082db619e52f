"""Pushes a folder's commit to the platform, and clones from it, with the `git` command."""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from idp.apps.cli.connection import SignedIn
from idp.kernel.errors import IdpError, InvalidInput, MissingPrerequisite


class PushRefused(IdpError):
    """Git did not accept the push; the message is what the server said."""

    code = "PushRefused"
    status = 422


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was pushed.

    Attributes:
        url: Of the repository.
        commit: Full commit id.
    """

    url: str
    commit: str


def push(
    folder: Path, url: str, session: SignedIn, *, revision: str = "HEAD", branch: str = "main"
) -> Pushed:
    """Push a revision of a folder to a branch.

    The session's token travels in the environment of `git`, never in its arguments or the
    repository's configuration.

    Raises:
        InvalidInput: The folder is not in a Git repository, or has no commit.
        PushRefused: The server refused it.
    """
    commit = _git(folder, "rev-parse", "--verify", f"{revision}^{{commit}}")
    if commit.returncode != 0:
        raise InvalidInput(
            f"{folder} has no commit to push",
            remedy=f"Make one: `cd {folder} && git init -b main && git add . && git commit`.",
        )
    sha = commit.stdout.strip()
    answer = _git(folder, "push", "--quiet", url, f"{sha}:refs/heads/{branch}", session=session)
    if answer.returncode != 0:
        raise PushRefused(
            f"git push to {url} failed: {answer.stderr.strip()[-1000:]}",
            remedy="Read what the server said above; `git pull` first when it is behind.",
        )
    return Pushed(url, sha)


class CloneFailed(IdpError):
    """Git could not clone; the message is what it said."""

    code = "CloneFailed"
    status = 422


def clone(url: str, folder: Path, session: SignedIn) -> None:
    """Clone a repository of the platform into a new folder; the token as for `push`.

    Raises:
        CloneFailed: Git says why.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    answer = _git(folder.parent, "clone", "--quiet", url, str(folder), session=session)
    if answer.returncode != 0:
        raise CloneFailed(
            f"git clone of {url} failed: {answer.stderr.strip()[-1000:]}",
            remedy=f"The repository is there; try again: `git clone {url} {folder}`.",
        )


def commit_all(folder: Path, message: str, author: str) -> None:
    """Commit what changed in a folder.

    Raises:
        InvalidInput: Nothing changed.
    """
    identity = ("-c", f"user.name={author}", "-c", f"user.email={author}@localhost")
    answer = _git(folder, *identity, "commit", "--quiet", "--all", "--message", message)
    if answer.returncode != 0:
        raise InvalidInput(f"there is nothing to commit: {answer.stdout.strip()[-500:]}")


def _git(
    folder: Path, *arguments: str, session: SignedIn | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    if session is not None:
        basic = base64.b64encode(f"{session.user}:{session.token}".encode()).decode()
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError as error:
        raise MissingPrerequisite(
            "git is not installed", remedy="Install it: `apt-get install git`."
        ) from error
