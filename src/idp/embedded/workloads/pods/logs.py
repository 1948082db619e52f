"""Container logs: written by the processes themselves, rotated and read here.

A process appends to a file that it holds open, so a file is rotated by copying it aside (`.log.1`)
and cutting it to nothing; what is written between the two is lost, at most once in `log_bytes`.
Lines carry no time. So that `since_seconds` can be answered, the size of a growing log is noted
every second beside it (`.marks`: seconds since 1970, bytes).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from idp.embedded.workloads.pods.folders import ContainerFolder, pod_folders
from idp.embedded.workloads.pods.record import ContainerRecord
from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.logging import redact

_CHUNK = 64 * 1024
_FOLLOW_SECONDS = 0.5
_MARKS_LIMIT = 64 * 1024
_TAIL_LINES = 10
_TAIL_BYTES = 2048


def _older(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")


def _marks(log: Path) -> Path:
    return log.with_name(f"{log.name}.marks")


def tend(log: Path, limit: int, now: float) -> None:
    """Note the size of a log that grew; rotate it when it is over `limit` bytes."""
    try:
        found = log.stat()
    except FileNotFoundError:
        return
    size = found.st_size
    if size <= limit and found.st_mtime_ns < _modified(_marks(log)):
        return  # nothing was written since the last mark; by far the most frequent case
    marks = _read_marks(log)
    if size != (marks[-1][1] if marks else 0):
        _add_mark(log, now, size)
    if size > limit:
        older = _older(log)
        shutil.copyfile(log, older)
        if _marks(log).exists():
            _marks(log).replace(_marks(older))
        os.truncate(log, 0)


def _modified(path: Path) -> int:
    """When a file was written last, in nanoseconds since 1970; 0 when there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _add_mark(log: Path, now: float, size: int) -> None:
    path = _marks(log)
    with path.open("a") as file:
        file.write(f"{now:.0f} {size}\n")
        too_long = file.tell() > _MARKS_LIMIT
    if too_long:  # keep every other mark: old times become coarse
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[::-2][::-1]))


def _read_marks(log: Path) -> list[tuple[float, int]]:
    try:
        lines = _marks(log).read_text().splitlines()
    except FileNotFoundError:
        return []
    pairs = (line.split() for line in lines)
    return [(float(pair[0]), int(pair[1])) for pair in pairs if len(pair) == 2]


def last_lines(log: Path) -> str:
    """The end of a log, for messages: a few lines, without what looks like a secret."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL_BYTES, 0))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return str(redact("\n".join(text.strip().splitlines()[-_TAIL_LINES:])))


class PodLogs:
    """Reads logs for the API server (`pods/log`).

    Args:
        data: The workload engine's folder.
    """

    def __init__(self, data: Path) -> None:
        self._data = data

    async def read(
        self,
        namespace: str,
        pod: str,
        container: str | None = None,
        *,
        follow: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        timestamps: bool = False,
        previous: bool = False,
    ) -> AsyncIterator[bytes]:
        """The log of the container's present or last attempt, in chunks.

        Args:
            namespace: Of the pod.
            pod: Its name.
            container: May be left out for a pod with one container.
            follow: Go on until the attempt ends.
            tail_lines: Only so many lines from the end.
            since_seconds: Only what was written since, to about a second.
            timestamps: Refused: a process writes its log itself, and its lines carry no time.
            previous: The attempt before instead, which has ended.

        Raises:
            NotFound: The pod has no such container, or none that was ever started.
            InvalidInput: The pod has several containers and none is named, or times are asked for.
        """
        if timestamps:
            raise InvalidInput(
                "the lines of a log carry no time here",
                remedy="Leave `--timestamps` out; `--since` works, to about a second.",
            )
        folder = self._container(namespace, pod, container)
        record = ContainerRecord.load(folder.record)
        attempt = record.attempt - previous
        log = folder.log(attempt)
        if previous and not log.exists():
            raise NotFound("the container has no previous attempt")
        content = await asyncio.to_thread(_content, log, since_seconds)
        position = log.stat().st_size if log.exists() else 0
        if tail_lines is not None:
            lines = content.splitlines(keepends=True)
            content = b"".join(lines[len(lines) - min(tail_lines, len(lines)) :])
        for start in range(0, len(content), _CHUNK):
            yield content[start : start + _CHUNK]
        if follow:
            async for chunk in _follow(folder, attempt, position):
                yield chunk

    def _container(self, namespace: str, pod: str, container: str | None) -> ContainerFolder:
        prefix = f"{namespace}_{pod}_"
        found = [f for f in pod_folders(self._data) if f.path.name.startswith(prefix)]
        if not found:
            raise NotFound(f'pod "{pod}" has not started any container')
        folder = max(found, key=lambda f: f.path.stat().st_mtime)
        names = folder.containers()
        if container is None:
            if len(names) > 1:
                raise InvalidInput(
                    f'a container name must be given for pod "{pod}", one of: {", ".join(names)}'
                )
            container = names[0] if names else ""
        if container not in names or not folder.container(container).record.exists():
            raise NotFound(f'container "{container}" of pod "{pod}" has not started')
        return folder.container(container)


def _content(log: Path, since_seconds: int | None) -> bytes:
    """What the two files hold, from the time asked for."""
    since = None if since_seconds is None else time.time() - since_seconds
    current, offset = _from(log, since)
    if offset:
        return current
    older, _ = _from(_older(log), since)
    return older + current


def _from(log: Path, since: float | None) -> tuple[bytes, int]:
    offset = 0
    if since is not None:
        offset = max((size for moment, size in _read_marks(log) if moment <= since), default=0)
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return file.read(), offset
    except FileNotFoundError:
        return b"", 0


async def _follow(folder: ContainerFolder, attempt: int, position: int) -> AsyncIterator[bytes]:
    log = folder.log(attempt)
    while folder.record.exists() and log.exists():
        record = ContainerRecord.load(folder.record)
        ended = record.attempt != attempt or record.terminated is not None
        with log.open("rb") as file:
            if file.seek(0, os.SEEK_END) < position:
                position = 0  # rotated
            file.seek(position)
            while chunk := file.read(_CHUNK):
                position += len(chunk)
                yield chunk
        if ended:
            return
        await asyncio.sleep(_FOLLOW_SECONDS)
