"""Puts restored files in the place of present ones: all of them or none, whatever is killed.

In the folder `.restore` of what is restored:

1. `new/` is what `prepare` was given. Until `decided` is there, nothing has happened.
2. `decided` is written: from here on the new state is the one that counts. Component by component
   (a file or folder at the top), the present one moves to `former/`, then the new one to its place.
3. `keep` removes `.restore` when the server has started on the new state. `put_back` writes `back`,
   then does 2 the other way round.

Each move is one rename, and what is left to do is seen from where things are, so that `settle`
can finish what was killed anywhere. Everyone who opens the folder settles it first.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import orjson

from idp.kernel.files import replace_file, sync_folder

NAME = ".restore"


def replace(folder: Path, new: Path, replaced: Iterable[str]) -> None:
    """Take the new state.

    Args:
        folder: What is restored; nobody else uses it.
        new: The new state, on the same file system, flushed; moved away.
        replaced: Names at the top of the folder that belong to the present state; those that the
            new state lacks are gone afterwards.
    """
    settle(folder)
    work = folder / NAME
    shutil.rmtree(work, ignore_errors=True)
    (work / "former").mkdir(parents=True, mode=0o700)
    new.rename(work / "new")
    sync_folder(work)
    sync_folder(folder)
    names = {path.name for path in (work / "new").iterdir()}
    decided = {"new": sorted(names), "gone": sorted(set(replaced) - names)}
    replace_file(work / "decided", orjson.dumps(decided))
    _forward(folder)


def settle(folder: Path) -> None:
    """Finish what was begun: take the new state if it was decided, else forget it.

    The former state stays beside it: whoever restores may still want to go back.
    """
    work = folder / NAME
    if (work / "back").exists():
        _back(folder)
    elif (work / "decided").exists():
        _forward(folder)
    elif work.exists():
        shutil.rmtree(work)
    shutil.rmtree(_gone(folder), ignore_errors=True)


def keep(folder: Path) -> None:
    """The new state has proved itself: forget the former one."""
    # The name changes first: a half-removed folder must not look like something to finish.
    (folder / NAME).rename(_gone(folder))
    sync_folder(folder)
    shutil.rmtree(_gone(folder))


def put_back(folder: Path) -> None:
    """The new state does not work: back to the former one. Nobody else uses the folder."""
    work = folder / NAME
    names = sorted(path.name for path in (work / "former").iterdir())
    replace_file(work / "back", orjson.dumps(names))
    _back(folder)


def _gone(folder: Path) -> Path:
    return folder / f"{NAME}-done"


def _forward(folder: Path) -> None:
    work = folder / NAME
    former, new = work / "former", work / "new"
    if not new.exists():
        return
    decided = orjson.loads((work / "decided").read_bytes())
    for name in decided["gone"]:
        _move(folder / name, former / name)
    for name in decided["new"]:
        if (new / name).exists():  # else it is in its place already
            _move(folder / name, former / name)
            _move(new / name, folder / name)
    new.rename(work / "taken")
    sync_folder(work)


def _back(folder: Path) -> None:
    work = folder / NAME
    failed = work / "failed"
    failed.mkdir(exist_ok=True, mode=0o700)
    before = set(orjson.loads((work / "back").read_bytes()))
    decided = orjson.loads((work / "decided").read_bytes())
    for name in (*decided["new"], *decided["gone"]):
        if name not in before:
            _move(folder / name, failed / name)
        elif (work / "former" / name).exists():
            _move(folder / name, failed / name)
            _move(work / "former" / name, folder / name)
    keep(folder)


def _move(source: Path, target: Path) -> None:
    if source.exists() and not target.exists():
        source.rename(target)
        sync_folder(target.parent)
        sync_folder(source.parent)
