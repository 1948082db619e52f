"""Where things of a pod are on disk: one folder per pod, as a kubelet has.

```
pods/<namespace>_<name>_<uid>/
  volumes/<volume>/                 contents of volumes
  containers/<container>/record.json  what is known of the container (see `record`)
  containers/<container>/<attempt>.log, .log.1, .marks, .status
```
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from idp.kernel.resource import Manifest


@dataclass(frozen=True, slots=True)
class ContainerFolder:
    """Files of one container."""

    path: Path

    @property
    def record(self) -> Path:
        """What is known of the container."""
        return self.path / "record.json"

    def log(self, attempt: int) -> Path:
        """Output of one attempt."""
        return self.path / f"{attempt}.log"

    def status(self, attempt: int) -> Path:
        """What the monitor of one attempt wrote."""
        return self.path / f"{attempt}.status"

    def remove_before(self, attempt: int) -> None:
        """Remove files of attempts before this one."""
        for file in self.path.glob("*.*"):
            number = file.name.partition(".")[0]
            if number.isdigit() and int(number) < attempt:
                file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class PodFolder:
    """Files of one pod."""

    path: Path
    uid: str

    @classmethod
    def of(cls, data: Path, pod: Manifest) -> PodFolder:
        """The folder of a Pod."""
        meta = pod["metadata"]
        name = f"{meta['namespace']}_{meta['name']}_{meta['uid']}"
        return cls(data / "pods" / name, meta["uid"])

    def container(self, name: str) -> ContainerFolder:
        """The folder of a container."""
        return ContainerFolder(self.path / "containers" / name)

    def containers(self) -> list[str]:
        """Names of the containers that have a folder."""
        folder = self.path / "containers"
        return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []

    def volume(self, name: str) -> Path:
        """The folder of a volume."""
        return self.path / "volumes" / name


def pod_folders(data: Path) -> Iterator[PodFolder]:
    """Folders of all pods that ever ran and were not cleaned up."""
    folder = data / "pods"
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield PodFolder(entry, entry.name.rpartition("_")[2])


def token(data: Path) -> str:
    """Names this engine's processes among those of other engines on the machine."""
    return hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:10]


def identity(data: Path, uid: str, container: str, attempt: int) -> str:
    """`argv[0]` of the monitor of one attempt."""
    return f"idp:{token(data)}:{uid}/{container}/{attempt}"
