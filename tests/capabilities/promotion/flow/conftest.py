"""The whole of promotion without engines: real controllers and steps over memory.

The embedded workflow engine runs the rendered templates. Stand-ins play what else lies outside: a
syncer for Argo CD, and applications that become ready as soon as they are wanted. An instance can
be killed: its process holds a fuse that burns with every change it makes to the outside, and once
it is burnt the process does nothing more, wherever it stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.environments import render as environments
from idp.capabilities.environments.kinds import IDPInstance, PromotionPipeline
from idp.capabilities.notifications.capability import CAPABILITY as NOTIFICATIONS
from idp.capabilities.notifications.kinds import NotificationChannel, NotificationRule
from idp.capabilities.notifications.message import Message
from idp.capabilities.notifications.outbox import Entry, Outbox
from idp.capabilities.notifications.recorder import Recorder
from idp.capabilities.notifications.sender import Sender
from idp.capabilities.promotion import capability
from idp.capabilities.promotion.artifact import publish
from idp.capabilities.promotion.clients.access_review import SUBJECT_ACCESS_REVIEW
from idp.capabilities.promotion.kinds import Approval, PipelineStep, Promotion, Release
from idp.capabilities.promotion.ledger import Ledger, LedgerEntry
from idp.capabilities.promotion.render.templates import cluster_workflow_templates
from idp.capabilities.scanning import render as scanning
from idp.capabilities.scanning.kinds import SecurityProfile
from idp.embedded.workflows.engine import WorkflowEngine
from idp.kernel.capability import Context, Remote, Signer
from idp.kernel.client import Client
from idp.kernel.clock import timestamp, utc_now
from idp.kernel.controller import Runnable
from idp.kernel.database import open_database
from idp.kernel.errors import NotFound
from idp.kernel.manifest import MANAGED_BY
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, Model, ResourceType
from idp.kernel.schema import custom_resource_definition
from idp.kernel.standard import (
    ARGO_APPLICATION,
    CLUSTER_WORKFLOW_TEMPLATE,
    CUSTOM_RESOURCE_DEFINITION,
    LEASE,
    POD,
    SECRET,
)
from idp.kernel.step import Outcome, Step, StepRun, succeeded
from idp.kernel.step_controller import StepController
from idp.protocols.git.memory import MemoryRepository
from idp.protocols.git.ports import Commit, Repository
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_MANIFEST
from idp.protocols.signing.attestations import attach
from idp.protocols.signing.cosign import sign_digest
from idp.protocols.signing.predicates import CYCLONEDX, SCAN, SLSA_PROVENANCE, VERIFIED
from support.keys import logged_key

ENVIRONMENTS = ("development", "staging", "uat", "production")
REPOSITORY = "demo/hello"
CLEAN = [{"name": "code", "status": "clean", "made": timestamp(utc_now())}]
INCOMPLETE = [{"name": "dependencies", "status": "incomplete", "reason": "no advisories"}]
UNTOUCHED = 10**9
OVERRIDERS = ("joan",)


@dataclass
class Fuse:
    """How many more changes a process makes before it is killed."""

    left: int = UNTOUCHED
    burnt: asyncio.Event = field(default_factory=asyncio.Event)
    changes: list[str] = field(default_factory=list)

    def burn(self, what: str) -> None:
        self.left -= 1
        self.changes.append(what)

    async def gate(self) -> None:
        """A dead process never comes back from here."""
        if self.left <= 0:
            self.burnt.set()
            await asyncio.Event().wait()


class MortalClient(MemoryClient):
    """The instance's API as its process sees it; also answers access reviews."""

    def __init__(self, api: MemoryClient, fuse: Fuse, approvers: Sequence[str]) -> None:
        self.__dict__.update(api.__dict__)
        self._fuse, self._approvers = fuse, approvers

    async def _watched(self, act: Callable[[], Awaitable[Any]]) -> Any:
        await self._fuse.gate()
        before = len(self._log)
        try:
            return await act()
        finally:
            if len(self._log) != before:
                self._fuse.burn("object")
                await self._fuse.gate()

    async def create(self, type: ResourceType, manifest: Manifest) -> Manifest:
        if type == SUBJECT_ACCESS_REVIEW:
            spec = manifest["spec"]
            overrides = spec["resourceAttributes"]["verb"] == "override"
            allowed = spec["user"] in (OVERRIDERS if overrides else self._approvers)
            return {**manifest, "status": {"allowed": allowed}}
        result: Manifest = await self._watched(lambda: MemoryClient.create(self, type, manifest))
        return result

    async def update(
        self, type: ResourceType, manifest: Manifest, *, subresource: str | None = None
    ) -> Manifest:
        result: Manifest = await self._watched(
            lambda: MemoryClient.update(self, type, manifest, subresource=subresource)
        )
        return result

    async def patch(self, type: ResourceType, name: str, *args: Any, **more: Any) -> Manifest:
        result: Manifest = await self._watched(
            lambda: MemoryClient.patch(self, type, name, *args, **more)
        )
        return result

    async def delete(self, type: ResourceType, name: str, *args: Any, **more: Any) -> None:
        await self._watched(lambda: MemoryClient.delete(self, type, name, *args, **more))


class MortalRegistry(MemoryRegistry):
    def __init__(self, registry: MemoryRegistry, fuse: Fuse) -> None:
        self.__dict__.update(registry.__dict__)
        self._fuse = fuse

    async def push_manifest(
        self, repository: str, manifest: Mapping[str, Any], *, tag: str | None = None
    ) -> Any:
        await self._fuse.gate()
        before = len(self._repositories[repository].manifests)
        result = await super().push_manifest(repository, manifest, tag=tag)
        if len(self._repositories[repository].manifests) != before:
            self._fuse.burn("attestation")
            await self._fuse.gate()
        return result

    async def tag(self, repository: str, digest: str, tag: str) -> None:
        await self._fuse.gate()
        before = len(self._repositories[repository].tags)
        await super().tag(repository, digest, tag)
        if len(self._repositories[repository].tags) != before:
            self._fuse.burn("tag")
            await self._fuse.gate()


class MortalRepository(MemoryRepository):
    def __init__(self, repository: MemoryRepository, fuse: Fuse) -> None:
        self.__dict__.update(repository.__dict__)
        self._fuse = fuse

    async def change(self, *args: Any, **more: Any) -> str:
        return await self._watched(lambda: MemoryRepository.change(self, *args, **more))

    async def revert(self, *args: Any, **more: Any) -> str:
        return await self._watched(lambda: MemoryRepository.revert(self, *args, **more))

    async def _watched(self, act: Callable[[], Awaitable[str]]) -> str:
        await self._fuse.gate()
        before = dict(self._branches)
        result = await act()
        if before != self._branches:
            self._fuse.burn("commit")
            await self._fuse.gate()
        return result


class MortalLedger(Ledger):
    def __init__(self, database: sa.Engine, fuse: Fuse) -> None:
        super().__init__(database)
        self._fuse = fuse

    def record(self, entry: LedgerEntry) -> bool:
        new = super().record(entry)
        if new:
            self._fuse.burn("ledger")
        return new


class MortalOutbox(Outbox):
    def __init__(self, database: sa.Engine, fuse: Fuse) -> None:
        super().__init__(database)
        self._fuse = fuse

    def record(self, message: Message, channels: Any) -> int:
        new = super().record(message, channels)
        if new:
            self._fuse.burn("notification recorded")
        return new

    def sent(self, entry: Entry) -> None:
        super().sent(entry)
        self._fuse.burn("notification marked")


@dataclass
class Receiver:
    """Whoever hears of promotions; drops what it has seen, by the key."""

    shown: list[str] = field(default_factory=list)


@dataclass
class MortalPoster:
    receiver: Receiver
    fuse: Fuse

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        await self.fuse.gate()
        if headers["Idempotency-Key"] not in self.receiver.shown:
            self.receiver.shown.append(headers["Idempotency-Key"])
        self.fuse.burn("notification sent")
        await self.fuse.gate()

    async def send(self, *_: Any) -> None:
        raise AssertionError("no channel takes e-mail")


class ScanParameters(Model):
    release: str


@dataclass
class ScanStep:
    """Stands for the scanners."""

    client: Client
    scanners: list[dict[str, Any]]
    uses: str = "scan"
    parameters: type[Model] = ScanParameters

    async def perform(self, run: StepRun, parameters: Any) -> Outcome:
        release = await self.client.get(Release.type(), parameters.release, run.namespace)
        digest = release["spec"]["image"].rpartition("@")[2]
        return succeeded("scanned", digest=digest, scanners=self.scanners)


class Gateway:
    """Answers 200 to every host, until told otherwise."""

    def __init__(self) -> None:
        self.status, self.hosts, self.port = 200, set[str](), 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.hosts |= set(re.findall(r"(?im)^host: (\S+)", head))
        writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\n\r\n".encode())
        writer.write_eof()
        await writer.drain()
        writer.close()


@dataclass
class Instance:
    """One environment: what survives a kill."""

    environment: str
    context: Context
    api: MemoryClient
    registry: MemoryRegistry
    repository: MemoryRepository
    gateway: Gateway
    approvers: list[str] = field(default_factory=list)
    scanners: list[dict[str, Any]] = field(default_factory=lambda: CLEAN)
    broken_images: set[str] = field(default_factory=set)
    receiver: Receiver = field(default_factory=Receiver)

    async def tell(self, *events: str) -> None:
        """Have events told to the receiver."""
        secret = {"name": "key", "namespace": "demo"}
        await self.api.create(SECRET, {"metadata": secret, "data": {"k": "a2V5"}})
        meta = {"name": "team", "namespace": "demo"}
        channel = {
            "type": "webhook",
            "url": "https://receiver.example",
            "secretRef": {"name": "key", "key": "k"},
        }
        rule = {"events": list(events), "channels": ["team"]}
        await self.api.create(NotificationChannel.type(), {"metadata": meta, "spec": channel})
        await self.api.create(NotificationRule.type(), {"metadata": meta, "spec": rule})

    def _notifications(self, client: Client, fuse: Fuse) -> list[Runnable]:
        outbox = MortalOutbox(self.context.database, fuse)
        poster = MortalPoster(self.receiver, fuse)
        sender = Sender(client, outbox, poster, poster)
        recorder = Recorder(client, outbox, sender, environment=self.environment)
        return [recorder.controller(), sender]

    @contextlib.asynccontextmanager
    async def process(self, fuse: Fuse | None = None) -> AsyncIterator[Fuse]:
        """The instance's controllers, until the end of the block or the fuse's."""
        fuse = fuse or Fuse()
        client = MortalClient(self.api, fuse, self.approvers)
        context = Context(**{**self.context.__dict__, "client": client})
        registry = MortalRegistry(self.registry, fuse)

        def sources(name: str) -> Repository:
            assert name == f"environments/{self.environment}"
            return MortalRepository(self.repository, fuse)

        steps: list[Step] = [
            *capability.build_steps(context, registry, sources),
            ScanStep(client, self.scanners),
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(capability, "Ledger", lambda database: MortalLedger(database, fuse))
            controllers = capability.build_controllers(context, registry, sources)
        runnables: list[Runnable] = [
            *controllers,
            StepController(client, PipelineStep.type(), steps),
        ]
        if (await self.api.list(NotificationRule.type())).items:
            runnables += self._notifications(client, fuse)
        async with running(*(runnable.run() for runnable in runnables)):
            yield fuse

    @contextlib.asynccontextmanager
    async def engines(self) -> AsyncIterator[None]:
        """The workflow engine, and stand-ins for Argo CD and the applications."""
        async with running(WorkflowEngine(self.api).run(), self._argo(), self._applications()):
            yield

    async def _argo(self) -> None:
        async for application in each_change(self.api, ARGO_APPLICATION):
            meta, head = application["metadata"], await self.repository.head()
            if head is None:
                continue
            files = await self.repository.files(head, application["spec"]["source"]["path"])
            for content in files.values():
                manifest = yaml.safe_load(content)
                if manifest["kind"] == "WebApplication":
                    await self.api.apply(WebApplication.type(), manifest, field_manager="argocd")
            if not files:
                with contextlib.suppress(NotFound):
                    await self.api.delete(WebApplication.type(), meta["name"], meta["namespace"])
            status = {"sync": {"status": "Synced", "revision": head}}
            await self.api.patch(
                ARGO_APPLICATION, meta["name"], {"status": status}, meta["namespace"]
            )

    async def _applications(self) -> None:
        async for application in each_change(self.api, WebApplication.type()):
            await self._run_application(application)

    async def _run_application(self, application: Manifest) -> None:
        meta, image = application["metadata"], application["spec"]["image"]
        broken = image in self.broken_images
        pod = {
            "metadata": {
                "name": f"{meta['name']}-1",
                "namespace": meta["namespace"],
                "labels": {**MANAGED_BY, "app.kubernetes.io/name": meta["name"]},
            },
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "app", "imageID": image}],
            },
        }
        ready = {"type": "Ready", "status": "True", "reason": "Available", "message": "ready"}
        if broken:
            cause = "hello-2 stopped with exit code 1: ModuleNotFoundError: no module flask"
            ready |= {"status": "False", "reason": "CrashLoopBackOff", "message": cause}
        else:
            await self.api.apply(POD, pod, field_manager="kubelet")
        status = {
            "observedGeneration": meta["generation"],
            "conditions": [ready],
            "url": f"http://{meta['name']}.{self.environment}.localhost:{self.gateway.port}",
        }
        status |= {} if broken else {"image": image}
        await self.api.patch(
            WebApplication.type(), meta["name"], {"status": status}, meta["namespace"]
        )

    async def promotion(self, phases: Sequence[str], release: str = "") -> Manifest:
        """Wait until a promotion (of a release) is in one of the phases."""
        async for manifest in each_change(self.api, Promotion.type()):
            wanted = manifest["spec"].get("release", "") == release or not release
            if wanted and (manifest.get("status") or {}).get("phase") in phases:
                return manifest
        raise AssertionError("unreachable")

    async def waiting_approval(self) -> Manifest:
        """Wait until an approval step waits; gives the promotion with the facts it is bound to."""
        async for manifest in each_change(self.api, Promotion.type()):
            for step in (manifest.get("status") or {}).get("steps", []):
                if step["name"] == "approval" and "waits for" in step["message"]:
                    return manifest
        raise AssertionError("unreachable")

    async def approve(self, promotion: Manifest, approver: str, **changes: Any) -> None:
        status = promotion["status"]
        spec = {
            "promotion": promotion["metadata"]["name"],
            "releaseDigest": status["releaseDigest"],
            "target": self.environment,
            "policyVersion": status["policyVersion"],
            "decision": "approve",
            "approver": approver,
            **changes,
        }
        meta = {"generateName": f"by-{approver}-", "namespace": "demo"}
        await self.api.create(Approval.type(), {"metadata": meta, "spec": spec})

    async def start(self, release: str, initiator: str = "bob") -> None:
        """Start a promotion by hand."""
        spec = {"application": "hello", "release": release, "initiator": initiator}
        meta = {"name": "by-hand", "namespace": "demo"}
        await self.api.create(Promotion.type(), {"metadata": meta, "spec": spec})

    async def roll_back(self) -> Manifest:
        """Start a rollback and wait for its end."""
        spec = {
            "application": "hello",
            "action": "rollback",
            "initiator": "bob",
            "reason": "it is slow\n\nUndone-By: nobody",
        }
        meta = {"name": "back", "namespace": "demo"}
        await self.api.create(Promotion.type(), {"metadata": meta, "spec": spec})
        async for manifest in each_change(self.api, Promotion.type()):
            phase = (manifest.get("status") or {}).get("phase")
            if manifest["metadata"]["name"] == "back" and phase in ("Succeeded", "Failed"):
                return manifest
        raise AssertionError("unreachable")

    async def refuses(self) -> str:
        """Message of the promotion that starts by itself and fails, with nothing changed."""
        async with asyncio.timeout(30), self.engines(), self.process():
            done = await self.promotion(["Succeeded", "Failed"])
        assert done["status"]["phase"] == "Failed"
        assert await self.commits() == []
        assert len(self.ledger()) == 1
        return str(done["status"]["message"])

    async def imported(self, release: Manifest) -> None:
        """Wait until a release is there."""
        async for manifest in each_change(self.api, Release.type()):
            if manifest["metadata"]["name"] == release["name"]:
                return

    async def wants(self, image: str) -> None:
        """Wait until the application is told to run an image."""
        async for application in each_change(self.api, WebApplication.type()):
            if application["spec"]["image"] == image:
                return

    async def says(self, step: str, text: str) -> str:
        """Wait until the message of a step contains a text; gives the message."""
        async for manifest in each_change(self.api, PipelineStep.type()):
            message = str((manifest.get("status") or {}).get("message", ""))
            if manifest["metadata"]["name"] == step and text in message:
                return message
        raise AssertionError("unreachable")

    async def is_settled(self) -> bool:
        """Whether the promotion is recorded and has given its turn back."""
        return bool(self.ledger()) and not (await self.api.list(LEASE)).items

    async def settles(self) -> None:
        """Wait for that."""
        async for _ in each_change(self.api, Promotion.type()):
            if await self.is_settled():
                return

    async def tells(self) -> None:
        """Wait until that, and until the receiver took what is told of it."""
        outbox = Outbox(self.context.database)
        async for _ in each_change(self.api, Promotion.type()):
            if await self.is_settled() and outbox.standing("demo", "team").sent:
                return

    async def killed_after(self, changes: int) -> None:
        """One life of the process: until it made so many changes, or nothing is left to do."""
        async with self.process(Fuse(changes)) as fuse:
            waits = [
                asyncio.ensure_future(fuse.burnt.wait()),
                asyncio.ensure_future(self.settles()),
            ]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def commits(self) -> list[Commit]:
        if await self.repository.head() is None:
            return []
        return await self.repository.history("main")

    def ledger(self) -> list[LedgerEntry]:
        return Ledger(self.context.database).entries()


@contextlib.asynccontextmanager
async def running(*coroutines: Any) -> AsyncIterator[None]:
    """Run beside the block; an error in one of them ends the test."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


async def each_change(api: MemoryClient, type: ResourceType) -> AsyncIterator[Manifest]:
    """All objects of a kind again and again: whenever anything at all changed."""
    seen = -1
    while True:
        if len(api._log) != seen:
            seen = len(api._log)
            for manifest in (await api.list(type)).items:
                yield manifest
        await asyncio.sleep(0.002)


class World:
    """Four instances over one registry."""

    def __init__(self, folder: Path, gateway: Gateway) -> None:
        self.registry = MemoryRegistry()
        self.keys = {name: logged_key(name) for name in ENVIRONMENTS}
        self._folder, self._gateway = folder, gateway
        self._pinned = {name: key.public_key for name, key in self.keys.items()}
        self.instances: dict[str, Instance] = {}

    async def instance(self, environment: str) -> Instance:
        if environment not in self.instances:
            self.instances[environment] = await self._new(environment)
        return self.instances[environment]

    async def _new(self, environment: str) -> Instance:
        api = MemoryClient()
        await api.create(IDPInstance.type(), environments.instance(environment))
        await api.create(PromotionPipeline.type(), environments.default_pipeline(environment))
        profile = scanning.default_profile(environment)
        profile["spec"] = {**profile["spec"], "tools": {}}  # the stand-in is no known scanner
        await api.create(SecurityProfile.type(), profile)
        await api.create(CUSTOM_RESOURCE_DEFINITION, custom_resource_definition(PipelineStep))
        for template in cluster_workflow_templates():
            await api.create(CLUSTER_WORKFLOW_TEMPLATE, template)
        url = f"sqlite:///{self._folder}/{environment}.db"
        hub = Remote("http://127.0.0.1:1", "instance", "secret")
        context = Context(
            environment=environment,
            data=self._folder,
            client=api,
            database=open_database(
                url, [*capability.CAPABILITY.migrations, *NOTIFICATIONS.migrations]
            ),
            registry=hub,
            git=hub,
            gateway_port=self._gateway.port,
            signer=self.keys[environment],
            trusted_keys=self._pinned,
        )
        return Instance(environment, context, api, self.registry, MemoryRepository(), self._gateway)

    async def release(
        self, count: int = 1, *, author: str = "ada", signer: Signer | None = None
    ) -> Manifest:
        """What a push pipeline leaves behind; gives the release's facts."""
        key = signer or self.keys["development"]
        blob = await self.registry.push_blob(REPOSITORY, f"code {count}".encode(), "text/plain")
        empty = await self.registry.push_blob(REPOSITORY, b"{}", EMPTY_JSON)
        image = await self.registry.push_manifest(
            REPOSITORY,
            {
                "schemaVersion": 2,
                "mediaType": IMAGE_MANIFEST,
                "config": empty.as_json(),
                "layers": [blob.as_json()],
            },
        )
        commit = f"{count:040x}"
        provenance = {
            "buildDefinition": {
                "resolvedDependencies": [{"uri": "git+x", "digest": {"gitCommit": commit}}]
            }
        }
        await sign_digest(self.registry, REPOSITORY, image.digest, key)
        for type_, predicate in (
            (SLSA_PROVENANCE, provenance),
            (CYCLONEDX, {"bomFormat": "CycloneDX"}),
            (SCAN, {"scanners": CLEAN, "time": "2026-11-24T00:00:00Z"}),
        ):
            await attach(self.registry, REPOSITORY, image.digest, type_, predicate, key)
        version = f"r{count}-{commit[:7]}"
        spec = {
            "application": "hello",
            "version": version,
            "repository": REPOSITORY,
            "image": f"127.0.0.1:8600/{REPOSITORY}@{image.digest}",
            "source": {
                "repository": REPOSITORY,
                "commit": commit,
                "count": count,
                "author": author,
                "time": f"2026-11-24T00:00:{count:02}Z",
            },
            "applicationSpec": {"port": 8080},
        }
        digest = await publish(self.registry, spec, REPOSITORY, version, key)
        return {**spec, "digest": digest, "name": f"hello-{version}"}

    async def verified(
        self, release: Manifest, environment: str, signer: Signer | None = None
    ) -> None:
        predicate = {"environment": environment, "releaseDigest": release["digest"]}
        key = signer or self.keys[environment]
        await attach(self.registry, REPOSITORY, release["digest"], VERIFIED, predicate, key)

    async def before_production(self) -> Instance:
        """Production, with a release that UAT verified and evidence that has a gap."""
        release = await self.release()
        await self.verified(release, "uat")
        production = await self.instance("production")
        production.approvers += ["grace", "ada"]
        production.scanners = INCOMPLETE
        return production

    def dispose(self) -> None:
        for instance in self.instances.values():
            instance.context.database.dispose()


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()
    server = await asyncio.start_server(gateway, "127.0.0.1", 0)
    gateway.port = server.sockets[0].getsockname()[1]
    async with server:
        yield gateway


@pytest.fixture
def world(tmp_path: Path, gateway: Gateway) -> Any:
    world = World(tmp_path, gateway)
    yield world
    world.dispose()


@pytest.fixture
def new_world() -> Callable[[Path, Gateway], World]:
    return World


@pytest.fixture
def new_fuse() -> type[Fuse]:
    return Fuse
