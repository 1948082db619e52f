"""Commit messages and what is checked before a commit is made. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from idp.kernel.errors import InvalidInput
from idp.protocols.git.ports import IDEMPOTENCY_TRAILER

_TRAILER = re.compile(r"[A-Za-z0-9-]+: \S.*")
_KEY = re.compile(r"[!-~][ -~]{0,199}")
_AUTHOR = re.compile(r"(?P<name>[^<>\n]{1,200}) <(?P<address>[^<>\s]{1,200})>")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,250}")


def with_key(message: str, key: str) -> str:
    """The message with the idempotency key as its last trailer.

    Raises:
        InvalidInput: The key is empty, longer than 200 characters or not plain ASCII.
    """
    if not _KEY.fullmatch(key) or key != key.strip():
        raise InvalidInput(f"{key[:40]!r} cannot be an idempotency key")
    text = message.strip() or "Change"
    last = text.split("\n\n")[-1].splitlines()
    has_trailers = "\n\n" in text and all(_TRAILER.fullmatch(line) for line in last)
    return f"{text}{chr(10) if has_trailers else chr(10) * 2}{IDEMPOTENCY_TRAILER}: {key}\n"


def key_of(message: str) -> str | None:
    """The idempotency key among the trailers (the last paragraph) of a message."""
    paragraphs = message.strip().split("\n\n")
    for line in paragraphs[-1].splitlines() if len(paragraphs) > 1 else ():
        name, _, value = line.partition(": ")
        if name == IDEMPOTENCY_TRAILER:
            return value.strip()
    return None


def name_and_address(author: str) -> tuple[str, str]:
    """Split `Name <address>`.

    Raises:
        InvalidInput: It is not of that form.
    """
    match = _AUTHOR.fullmatch(author)
    if match is None:
        raise InvalidInput(f"{author[:80]!r} is not of the form 'Name <address>'")
    return match["name"].strip(), match["address"]


def check_revision(revision: str) -> str:
    """Refuse what is not simply a branch, a tag or a commit.

    Raises:
        InvalidInput: It is an expression, an option or malformed.
    """
    if not _REVISION.fullmatch(revision) or ".." in revision or revision.endswith(".lock"):
        raise InvalidInput(
            f"{revision[:80]!r} is not a branch, tag or commit",
            remedy="Expressions such as HEAD~1 are not supported: name the commit.",
        )
    return revision


def check_paths(paths: Iterable[str]) -> None:
    """Refuse paths that would leave the tree or enter `.git`.

    Raises:
        InvalidInput: Naming the first bad one.
    """
    for path in paths:
        parts = path.split("/")
        if "\0" in path or any(p in ("", ".", "..") or p.lower() == ".git" for p in parts):
            raise InvalidInput(f"{path[:120]!r} is not a path inside a repository")


def ancestor_counts(parents: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """For each commit the number of commits up to and including it.

    Args:
        parents: Commit -> its parents; every parent comes before its children.
    """
    counts: dict[str, int] = {}
    for commit, above in parents.items():
        if len(above) <= 1:
            counts[commit] = 1 + sum(counts[parent] for parent in above)
        else:
            counts[commit] = len(_reachable(commit, parents))
    return counts


def _reachable(commit: str, parents: Mapping[str, tuple[str, ...]]) -> set[str]:
    found, waiting = {commit}, [commit]
    while waiting:
        new = set(parents[waiting.pop()]) - found
        found |= new
        waiting += new
    return found
