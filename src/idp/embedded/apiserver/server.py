"""The server: its parts put together, started and stopped.

async with ApiServer(ApiServerSettings(data=Path("data"))) as server:
    client = server.client("admin", groups=["system:masters"])
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from aiohttp import web

from idp.embedded.apiserver.access.authenticate import Authenticator
from idp.embedded.apiserver.access.bootstrap import bootstrap_manifests
from idp.embedded.apiserver.access.certificates import CertificateAuthority
from idp.embedded.apiserver.access.identity import MASTERS_GROUP, UserInfo
from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.reviews import Reviews
from idp.embedded.apiserver.access.service_account_tokens import (
    ServiceAccountTokens,
    open_signing_key,
)
from idp.embedded.apiserver.access.static_tokens import StaticTokens
from idp.embedded.apiserver.admission.priority import SYSTEM_CLASSES
from idp.embedded.apiserver.api import Api
from idp.embedded.apiserver.audit import Auditor
from idp.embedded.apiserver.gates import Gates
from idp.embedded.apiserver.http.discovery import DiscoveryPages
from idp.embedded.apiserver.http.evictions import EvictionPages
from idp.embedded.apiserver.http.handler import Handler
from idp.embedded.apiserver.http.health import HealthPages
from idp.embedded.apiserver.http.logs import PodLogPages
from idp.embedded.apiserver.http.metrics import MetricsPage
from idp.embedded.apiserver.http.resources import Resources
from idp.embedded.apiserver.http.reviews import ReviewPages
from idp.embedded.apiserver.http.snapshots import SnapshotPage
from idp.embedded.apiserver.http.tokens import TokenPages
from idp.embedded.apiserver.kubeconfig import write_kubeconfig
from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.lookup import StoreLookup
from idp.embedded.apiserver.machinery.definitions import DEFINITIONS, Definitions
from idp.embedded.apiserver.machinery.namespaces import INITIAL
from idp.embedded.apiserver.machinery.parts import Machinery
from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.ports import AuditSink, PodLogSource, SchemaRules
from idp.embedded.apiserver.questions import Questions
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.types.registry import Registry
from idp.embedded.apiserver.verbs.delete import Deleter
from idp.embedded.apiserver.verbs.read import Reader
from idp.embedded.apiserver.verbs.write import Writer
from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.kubeconfig import ConnectionSettings, kubeconfig_text
from idp.kernel.resource import Manifest

if TYPE_CHECKING:
    from idp.embedded.apiserver.access.oidc_tokens import OidcTokens

_STOP_SECONDS = 2.0
_IDLE_SECONDS = 90.0
"""How long a connection may wait for its next whole request head, as for the real server. Also
what ends clients that send a head byte by byte."""


@dataclass(frozen=True)
class ApiServerSettings:
    """How to serve.

    Attributes:
        data: Folder of the database, the certificate authority and the tokens; made if missing.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        names: Further DNS names that clients reach the server by.
        name: Name of cluster and context in kubeconfigs.
        issuer: URL that ServiceAccount tokens are issued by.
        oidc: An outside issuer whose tokens are accepted, such as a single sign-on; None for none.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = ()
    name: str = "idp"
    issuer: str = "https://kubernetes.default.svc"
    oidc: OidcIssuer | None = None


class ApiServer:
    """A Kubernetes API server."""

    def __init__(
        self,
        settings: ApiServerSettings,
        *,
        audit: AuditSink | None = None,
        pod_logs: PodLogSource | None = None,
        clock: Clock = utc_now,
    ) -> None:
        """Open the data folder; nothing is served before `start`.

        Args:
            settings: How to serve.
            audit: Where mutating requests are recorded; None records nothing.
            pod_logs: Where pod logs come from; None answers that there are none.
            clock: Tells the time.

        Raises:
            MissingPrerequisite: The data folder is of a newer version, or damaged; or the
                certificates that verify the OpenID Connect issuer cannot be read.
        """
        self.settings = settings
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._authority = CertificateAuthority.open(settings.data, clock=clock)
        self._store = Store(settings.data / "objects.db")
        self.registry = Registry()
        self.lookup = StoreLookup(self._store)
        self.authorizer = RbacAuthorizer(self.lookup)
        self.tokens = StaticTokens(settings.data / "tokens.json", clock=clock)
        self._account_tokens = ServiceAccountTokens(
            self.lookup,
            open_signing_key(settings.data / "service-accounts.pem"),
            issuer=settings.issuer,
            clock=clock,
        )
        self._oidc = _oidc_tokens(settings.oidc, clock)
        outside = [self._oidc] if self._oidc is not None else []
        self._authenticator = Authenticator(
            [self.tokens, self._account_tokens, *outside],
            self.authorizer,
            outside,
            self._account_tokens.audiences,
        )
        reviews = Reviews(self.authorizer, self._authenticator, self._account_tokens.audiences)
        self._questions = Questions(reviews, self.authorizer)
        self.gates = Gates(self._store, self.authorizer, clock)
        self._auditor = Auditor(audit) if audit is not None else None
        reader = Reader(self._store)
        writer = Writer(self._store, self.registry, self.gates, clock)
        deleter = Deleter(self._store, self.gates, clock)
        self._api = Api(reader, writer, deleter, self.authorizer, self._auditor)
        self._system = System(self._store, self.registry, writer, deleter)
        self._definitions = Definitions(self._store, self.registry, _schema_rules, clock)
        self.gates.preparations[DEFINITIONS] = self._definitions.prepare
        self._machinery = Machinery(
            self._system, self.gates.ledger, self.authorizer, self._authority, clock
        )
        self._pod_logs = pod_logs
        self._clock = clock
        self._runner: web.ServerRunner | None = None
        self._port = settings.port

    # Running

    async def start(self) -> None:
        """Load the objects, make sure of the initial ones, and listen.

        Raises:
            MissingPrerequisite: The port is in use.
        """
        self._store.start()
        if self._auditor is not None:
            self._auditor.start()
        self._definitions.begin()
        self._store.listen(self._noticed)
        await self._bootstrap()
        self._machinery.start()
        if self._oidc is not None:
            self._oidc.start()
        try:
            await self._listen()
        except BaseException:
            await self.stop()
            raise

    async def _bootstrap(self) -> None:
        for namespace in INITIAL:
            manifest = {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": namespace},
            }
            await self._system.create_missing(manifest)
        # Together: they share commits.
        initial = (*bootstrap_manifests(), *SYSTEM_CLASSES)
        await asyncio.gather(*(self._system.create_missing(m) for m in initial))

    def _noticed(self, change: Change) -> None:
        self._definitions.noticed(change)
        self._machinery.noticed(change)

    async def _listen(self) -> None:
        settings = self.settings
        tokens = TokenPages(self._api, self._account_tokens, self.lookup, lambda: self.url)
        handler = Handler(
            self._authenticator,
            self.authorizer,
            self._api,
            Resources(self._api, self.registry, self._clock),
            ReviewPages(self._questions),
            [
                HealthPages(lambda: self._store.is_open),
                MetricsPage(),
                DiscoveryPages(self.registry, lambda: self.url.removeprefix("https://")),
                tokens,
            ],
            {
                ("GET", "/pods", "log"): PodLogPages(self._api, self._pod_logs).answer,
                ("POST", "/pods", "eviction"): EvictionPages(self._api, self.lookup).answer,
                ("POST", "/serviceaccounts", "token"): tokens.issue,
            },
            SnapshotPage(self._store, self._auditor, settings.data),
        )
        names, addresses = _server_names(settings)
        server = web.Server(
            handler, handler_cancellation=True, access_log=None, keepalive_timeout=_IDLE_SECONDS
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner,
            settings.host,
            settings.port,
            ssl_context=self._authority.server_context(names, addresses),
        )
        try:
            await site.start()
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise MissingPrerequisite(
                f"port {settings.port} on {settings.host} cannot be used: {error.strerror}",
                remedy="Stop what listens there (`ss -ltnp` shows it) or choose another port.",
            ) from error
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End watches, finish what is being written, close the database."""
        if self._oidc is not None:
            await self._oidc.stop()
        await self._machinery.stop()
        self._store.drain()
        await self._hang_up()
        await self._store.stop()
        if self._auditor is not None:
            await self._auditor.stop()

    async def _hang_up(self) -> None:
        """Close all connections, also those whose clients never answer the end of TLS."""
        if self._runner is None:
            return
        server = self._runner.server
        open_ones = [] if server is None else [c.transport for c in server.connections]
        await self._runner.cleanup()
        self._runner = None
        for transport in open_ones:
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)  # lets the transports close their sockets

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    # Clients

    @property
    def url(self) -> str:
        """Base address for clients."""
        host = self.settings.host
        return f"https://{f'[{host}]' if ':' in host else host}:{self._port}"

    @property
    def certificate(self) -> str:
        """The certificate (PEM) that clients trust."""
        return self._authority.certificate

    def client(self, user: str, groups: Sequence[str] = ()) -> LocalClient:
        """A client in this process that acts as a user."""
        info = UserInfo(user, groups=tuple(groups)).authenticated()
        return LocalClient(self._api, self.registry, self._questions, info)

    def kubeconfig(
        self,
        user: str = "admin",
        groups: Sequence[str] = (MASTERS_GROUP,),
        path: Path | None = None,
    ) -> str:
        """A kubeconfig with a new client certificate; also written to `path` (mode 0600)."""
        certificate, key = self._authority.issue_client(user, groups)
        connection = ConnectionSettings(
            self.url,
            certificate_authority=self.certificate,
            client_certificate=certificate,
            client_key=key,
        )
        text = kubeconfig_text(connection, user=user, name=self.settings.name)
        if path is not None:
            write_kubeconfig(path, text)
        return text


def _oidc_tokens(issuer: OidcIssuer | None, clock: Clock) -> OidcTokens | None:
    """The tokens of an outside issuer; the HTTP client is loaded only if there is one."""
    if issuer is None:
        return None
    from idp.embedded.apiserver.access.oidc_tokens import OidcTokens

    return OidcTokens.of(issuer, clock=clock)


def _schema_rules(schema: Manifest) -> SchemaRules:
    """Compile CEL rules; the CEL library is loaded with the first schema that has some."""
    from idp.embedded.apiserver.cel.rules import SchemaRules as CelRules

    return CelRules(schema)


def _server_names(settings: ApiServerSettings) -> tuple[list[str], list[str]]:
    """DNS names and addresses for the server's certificate."""
    import ipaddress

    names, addresses = ["localhost", "kubernetes.default.svc", *settings.names], ["127.0.0.1"]
    try:
        address = ipaddress.ip_address(settings.host)
    except ValueError:
        names.append(settings.host)
    else:
        if not address.is_unspecified:
            addresses.append(settings.host)
    return list(dict.fromkeys(names)), list(dict.fromkeys(addresses))
