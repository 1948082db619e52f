"""What is sent to DefectDojo, to a server that takes what DefectDojo's parser takes."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from idp.capabilities.scanning.capability import CAPABILITY
from idp.capabilities.scanning.clients.defectdojo import Context, DefectDojo
from idp.capabilities.scanning.controllers import exports
from idp.capabilities.scanning.controllers.exports import ExportReconciler
from idp.capabilities.scanning.history.ingest import Scan, ingest
from idp.capabilities.scanning.kinds import DueDays, FindingsExport
from idp.capabilities.scanning.reports import Finding, complete
from idp.kernel.controller import Request
from idp.kernel.database import open_database
from idp.kernel.errors import Forbidden, InvalidInput, Unavailable
from idp.kernel.memory_client import MemoryClient
from idp.kernel.standard import SECRET
from support.certificates import self_signed

# Fields that `dojo/tools/generic/json_parser.py` accepts; it refuses a document with others.
ACCEPTED = {
    *("title", "severity", "description", "date", "severity_justification", "active", "verified"),
    *("false_p", "risk_accepted", "file_path", "component_name", "component_version"),
    *("static_finding", "dynamic_finding", "unique_id_from_tool", "vuln_id_from_tool"),
    *("planned_remediation_date", "vulnerability_ids"),
}
NOW = datetime(2026, 11, 25, tzinfo=UTC)
CONTEXT = Context("Applications", "demo/hello", "staging")
LOOPBACK = ("127.0.0.0/8",)


class Dojo:
    """The contract: the key, the demanded fields, findings known by `unique_id_from_tool`."""

    def __init__(self) -> None:
        self.url = URL()
        self.answer: web.Response | None = None
        self.calls = 0
        self.products: dict[str, dict[str, dict[str, Any]]] = {}

    async def reimport(self, request: web.Request) -> web.Response:
        self.calls += 1
        if self.answer is not None:
            return self.answer
        if request.headers.get("Authorization") != "Token key":
            return web.json_response({"detail": "Invalid token."}, status=403)
        form = await request.post()
        if form["scan_type"] != "Generic Findings Import" or form["auto_create_context"] != "true":
            return web.json_response({"scan_type": ["not a valid choice"]}, status=400)
        file = form["file"]
        assert isinstance(file, web.FileField)
        findings = orjson.loads(file.file.read())["findings"]
        for finding in findings:
            strange = set(finding) - ACCEPTED
            missing = {"title", "severity", "description"} - set(finding)
            if strange or missing or finding["severity"] not in ("Critical", "High", "Medium"):
                return web.json_response([f"{strange} {missing}"], status=400)
        product = str(form["product_name"])
        self.products[product] = {f["unique_id_from_tool"]: f for f in findings}
        return web.json_response({"test": 7, "product_name": product}, status=201)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
async def dojo(certificate: Path) -> AsyncIterator[Dojo]:
    dojo = Dojo()
    application = web.Application()
    application.router.add_post("/api/v2/reimport-scan/", dojo.reimport)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = TestServer(application, scheme="https", host="127.0.0.1")
    await server.start_server(ssl=context)
    dojo.url = server.make_url("/")
    yield dojo
    await server.close()


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


async def test_a_document_is_taken(dojo: Dojo, tls: ssl.SSLContext) -> None:
    server = DefectDojo(dojo.url, "key", LOOPBACK, tls)
    assert await server.reimport(CONTEXT, {"findings": []}) == 7
    assert "key" not in repr(server)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.Response(status=403), Forbidden),
        (web.Response(status=302, headers={"Location": "/elsewhere"}), Unavailable),
        (web.Response(status=400, text="bad"), InvalidInput),
        (web.Response(status=502), Unavailable),
        (web.Response(status=201, text="[]"), Unavailable),
    ],
)
async def test_what_is_not_taken_is_said(
    dojo: Dojo, tls: ssl.SSLContext, answer: web.Response, error: type[Exception]
) -> None:
    dojo.answer = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    with pytest.raises(error):
        await DefectDojo(dojo.url, "key", LOOPBACK, tls).reimport(CONTEXT, {"findings": []})
    assert dojo.calls == 1


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://127.0.0.1:1/", Forbidden),
        ("https://localhost:1/", Forbidden),
        ("https://169.254.169.254/", Forbidden),
        ("https://[::1]/", Forbidden),
        ("https://[::ffff:10.0.0.1]/", Forbidden),
        ("http://defectdojo.example.org/", InvalidInput),
        ("https://user:x@defectdojo.example.org/", InvalidInput),
    ],
)
async def test_addresses_that_are_not_public_are_not_asked(
    url: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await DefectDojo(URL(url), "key").reimport(CONTEXT, {"findings": []})


class Instance:
    """A namespace with an export and a history."""

    def __init__(self, database: sqlalchemy.Engine, url: URL) -> None:
        self.client = MemoryClient()
        self.database = database
        self.url = url
        self.scans = 0
        self.now = NOW

    async def configure(self, token: str = "key", **spec: Any) -> None:
        data = {"url": str(self.url), "token": token}
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        meta = {"name": "dojo", "namespace": "demo"}
        await self.client.create(SECRET, {"metadata": meta, "data": encoded})
        body = {"metadata": meta, "spec": {"secretName": "dojo", **spec}}
        await self.client.create(FindingsExport.type(), body)

    def scan(self, *findings: Finding) -> None:
        self.scans += 1
        time = f"2026-11-0{self.scans}T00:00:00Z"
        scan = Scan(f"s{self.scans}", "demo", "hello", "sha256:1", time, "ada", DueDays())
        ingest(self.database, scan, [complete("dependencies", "1", list(findings))])

    async def reconcile(self) -> tuple[str, str]:
        reconciler = ExportReconciler(
            self.client, self.database, "staging", LOOPBACK, lambda: self.now
        )
        await reconciler(Request("demo", "dojo"))
        stored = await self.client.get(FindingsExport.type(), "dojo", "demo")
        (ready,) = stored["status"]["conditions"]
        return ready["reason"], ready["message"]


@pytest.fixture
def instance(
    tmp_path: Path, dojo: Dojo, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Instance]:
    def trusting(url: URL, token: str, networks: Any) -> DefectDojo:
        return DefectDojo(url, token, networks, tls)

    monkeypatch.setattr(exports, "DefectDojo", trusting)
    engine = open_database(f"sqlite:///{tmp_path}/history.db", CAPABILITY.migrations)
    yield Instance(engine, dojo.url)
    engine.dispose()


FLASK = Finding(id="GHSA-1", aliases=["CVE-2026-1"], package="flask", version="1.0", severity=9.8)
FILE = Finding(id="B101", location="/app/a.py:3", severity=None)


async def test_findings_are_told_once_and_closed_when_they_are_gone(
    instance: Instance, dojo: Dojo
) -> None:
    instance.scan(FLASK, FILE)
    await instance.configure()
    assert await instance.reconcile() == ("Told", "1 applications are told to 127.0.0.1")
    told = {f["vuln_id_from_tool"]: f for f in dojo.products["demo/hello"].values()}
    assert told["GHSA-1"]["vulnerability_ids"] == ["CVE-2026-1", "GHSA-1"]
    assert (told["GHSA-1"]["severity"], told["B101"]["severity"]) == ("Critical", "High")
    assert told["GHSA-1"]["planned_remediation_date"] == "2026-11-08"
    instance.now += timedelta(minutes=1)
    await instance.reconcile()
    assert dojo.calls == 1
    instance.scan()
    await instance.reconcile()
    assert dojo.products["demo/hello"] == {}


async def test_what_was_not_taken_is_told_again(instance: Instance, dojo: Dojo) -> None:
    instance.scan(FLASK)
    await instance.configure()
    dojo.answer = web.Response(status=503)
    assert (await instance.reconcile())[0] == "Unavailable"
    dojo.answer = None
    assert (await instance.reconcile())[0] == "Told"
    assert dojo.products["demo/hello"]


async def test_nothing_is_told_without_address_and_key(instance: Instance, dojo: Dojo) -> None:
    instance.scan(FLASK)
    await instance.configure(token="")
    reason, message = await instance.reconcile()
    assert (reason, "demo/dojo has no token" in message) == ("MissingPrerequisite", True)
    assert dojo.calls == 0


async def test_a_refused_key_is_in_no_message(instance: Instance, dojo: Dojo) -> None:
    instance.scan(FLASK)
    await instance.configure(token="secret-key")
    reason, message = await instance.reconcile()
    assert reason == "Forbidden"
    assert "secret-key" not in message


async def test_it_can_be_suspended(instance: Instance, dojo: Dojo) -> None:
    instance.scan(FLASK)
    await instance.configure(suspend=True)
    assert (await instance.reconcile())[0] == "Suspended"
    assert dojo.calls == 0
