"""From a container's spec to a launch: image, volumes, variables, command, user, mounts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from idp.embedded.workloads import pod_state
from idp.embedded.workloads.images.ports import Image
from idp.embedded.workloads.images.unpack import inside
from idp.embedded.workloads.pods import environment, sources, volumes
from idp.embedded.workloads.pods.environment import PodFacts
from idp.embedded.workloads.pods.folders import PodFolder
from idp.embedded.workloads.pods.runtime import Runtime
from idp.embedded.workloads.pods.sandbox import bubblewrap, host_runtime, plain
from idp.embedded.workloads.pods.sandbox.spec import Launch, Mount, ProcessSpec
from idp.embedded.workloads.pods.user import user_of
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest


class PodPreparation:
    """Prepares the containers of one pod.

    Args:
        runtime: What all pods share.
        pod: Gives the Pod as it is now; labels and annotations may change.
        folder: The pod's folder.
    """

    def __init__(self, runtime: Runtime, pod: Callable[[], Manifest], folder: PodFolder) -> None:
        self._runtime = runtime
        self._pod = pod
        self._folder = folder

    async def image(self, spec: Manifest) -> Image:
        """The image, with events when it is not on disk yet."""
        reference, images = spec["image"], self._runtime.images
        if images.present(reference):
            return await images.fetch(reference)
        tell, pod = self._runtime.events.record, self._pod()
        await tell(pod, "Normal", "Pulling", f'Pulling image "{reference}"')
        image = await images.fetch(reference)
        await tell(pod, "Normal", "Pulled", f'Pulled and unpacked image "{reference}"')
        return image

    async def launch(self, spec: Manifest, image: Image, identity: str) -> Launch:
        """The command for the kernel."""
        pod, config = self._pod(), image.config
        facts = await self.write_volumes()
        content = await self._sources(pod)
        declared = environment.variables(spec, facts, content)
        name = pod["metadata"]["name"]
        variables = {"HOME": "/tmp", "HOSTNAME": name, **config.environment, **declared}  # noqa: S108
        if config.on_host_runtime:
            variables["PATH"] = host_runtime.search_path(variables.get("PATH", ""))
        else:
            variables.setdefault("PATH", host_runtime.STANDARD_PATH)
        security = spec.get("securityContext") or {}
        process = ProcessSpec(
            identity=identity,
            image_root=image.root,
            on_host_runtime=config.on_host_runtime,
            command=environment.command(spec, config, declared),
            environment=variables,
            working_directory=spec.get("workingDir") or config.working_directory or "/",
            mounts=self._mounts(pod, spec),
            user=user_of(pod, spec, image),
            hostname=(pod["spec"].get("hostname") or name)[:63],
            read_only_root=security.get("readOnlyRootFilesystem") is not False,
            filtered=_is_filtered(pod, spec),
            temporary_bytes=self._runtime.settings.temporary_bytes,
        )
        if self._runtime.features.sandbox:
            return bubblewrap.launch(process, self._runtime.features)
        return plain.launch(process)

    async def write_volumes(self) -> PodFacts:
        """Bring the volumes up to date; also while containers run."""
        pod = self._pod()
        port = pod_state.allocated_port(pod)
        facts = PodFacts(pod, port, self._runtime.settings.node)
        wanted = pod["spec"].get("volumes") or []
        content = await self._sources(pod) if wanted else sources.Sources()
        for volume in wanted:
            files = volumes.contents(volume, facts, content)
            await asyncio.to_thread(volumes.write, self._folder.volume(volume["name"]), files)
        return facts

    async def _sources(self, pod: Manifest) -> sources.Sources:
        namespace = pod["metadata"]["namespace"]
        return await sources.read(self._runtime.client, namespace, sources.names(pod["spec"]))

    def _mounts(self, pod: Manifest, spec: Manifest) -> tuple[Mount, ...]:
        by_name = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
        result = []
        for mount in spec.get("volumeMounts") or []:
            if (volume := by_name.get(mount["name"])) is None:
                raise InvalidInput(f'there is no volume "{mount["name"]}"')
            writable = "emptyDir" in volume
            source = self._folder.volume(mount["name"])
            if path := mount.get("subPath"):
                source = _part(source, path, mount["name"], writable=writable)
            read_only = bool(mount.get("readOnly")) or not writable
            result.append(Mount(source, mount["mountPath"], read_only))
        return tuple(result)


def _is_filtered(pod: Manifest, container: Manifest) -> bool:
    """Whether system calls are filtered: always, unless `seccompProfile` says Unconfined."""
    contexts = (container.get("securityContext"), pod["spec"].get("securityContext"))
    stated = [
        context["seccompProfile"] for context in contexts if context and "seccompProfile" in context
    ]
    return not stated or stated[0].get("type") != "Unconfined"


def _part(folder: Path, path: str, name: str, *, writable: bool) -> Path:
    """A `subPath`.

    Not in a volume that containers write to: they could replace a folder by a link between the
    check and the mount.
    """
    if writable:
        raise InvalidInput(f'subPath of the emptyDir "{name}" is not supported')
    place = inside(folder, path)
    if place is None or not place.exists():
        raise InvalidInput(f'the volume "{name}" has no {path!r}')
    return place
