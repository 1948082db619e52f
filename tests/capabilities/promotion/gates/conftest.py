"""A promotion before the gates."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from idp.capabilities.environments.kinds import Egress, PromotionPipelineSpec
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.kinds import Promotion, PromotionSpec
from idp.kernel.resource import ObjectMeta
from idp.kernel.standard import SECRET

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def case(bench: Any) -> Callable[..., GateCase]:
    """Builds a case; keywords change it."""

    def build(**changes: Any) -> GateCase:
        facts: dict[str, Any] = {
            "environment": "uat",
            "promotion": Promotion(
                metadata=ObjectMeta(name="p", namespace="demo", uid="u-1"),
                spec=PromotionSpec(application="hello", release="r1", initiator="bob"),
            ),
            "release": bench.release_spec(),
            "pipeline": PromotionPipelineSpec(previous="staging"),
            "now": NOW,
            "verdict": {"decision": "Allow", "obligations": []},
            "approval": {"approvers": ["grace"]},
            "key": "u-1-gate",
        }
        return GateCase(**{**facts, **changes})

    return build


class Service:
    """A service at a loopback port: answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Callable[[str, str, bytes], Any] = lambda method, path, body: {}
        self.url = self.host = ""

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.asked.append((f"{request.method} {request.path_qs}", dict(request.headers), body))
        answer = self.answer(request.method, request.path_qs, body)
        return answer if isinstance(answer, web.Response) else web.json_response(answer)

    def pipeline(self, **changes: Any) -> PromotionPipelineSpec:
        """Rules under which it may be asked."""
        return PromotionPipelineSpec(egress=[Egress(host=self.host, private=True)], **changes)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", service.handle)
    async with TestServer(application) as server:
        service.host = f"127.0.0.1:{server.port}"
        service.url = f"http://{service.host}"
        yield service


@pytest.fixture
async def secret(bench: Any) -> None:
    """Secret `s`: a key, a user and a password."""
    values = {"key": "k", "username": "idp", "password": "hunter2"}
    data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
    meta = {"name": "s", "namespace": "idp-system"}
    await bench.client.create(SECRET, {"metadata": meta, "data": data})
