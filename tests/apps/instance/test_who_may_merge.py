"""Pull requests on a real API server: opened by the platform, decided in one's own name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.apps.instance.bootstrap import bootstrap
from idp.apps.platform.layout import ENVIRONMENTS
from idp.capabilities.promotion.kinds import PullRequest
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.errors import Forbidden, Invalid
from idp.kernel.standard import NAMESPACE

TYPE = PullRequest.type()
BODY: dict[str, Any] = {
    "metadata": {"name": "p", "namespace": "demo"},
    "spec": {
        "application": "hello",
        "promotion": "p",
        "release": "r1",
        "repository": "environments/production",
        "branch": "promotion/demo/p-1",
        "base": "main",
        "commit": "a" * 40,
    },
}


async def test_who_may_merge(tmp_path: Path) -> None:
    async with ApiServer(ApiServerSettings(data=tmp_path)) as server:
        platform = server.client("platform", ("system:masters",))
        await bootstrap(platform, "production", ENVIRONMENTS)
        await platform.create(NAMESPACE, {"metadata": {"name": "demo"}})
        grace = server.client("grace", ("idp:approvers:production",))
        admin = server.client("admin", ("idp:administrators",))
        with pytest.raises(Forbidden, match="opened by the platform"):
            await admin.create(TYPE, BODY)
        await platform.create(TYPE, BODY)

        merge = {"spec": {"decision": "merge", "decidedBy": "grace"}}
        for groups in ("idp:developers", "idp:viewers", "idp:responders:production"):
            with pytest.raises(Forbidden):
                await server.client("grace", (groups,)).patch(TYPE, "p", merge, "demo")
        with pytest.raises(Forbidden, match=r"decidedBy must be you"):
            await admin.patch(TYPE, "p", merge, "demo")
        with pytest.raises(Invalid, match="never changes"):
            await grace.patch(TYPE, "p", {"spec": {"commit": "b" * 40}}, "demo")
        with pytest.raises(Invalid, match="somebody's"):
            await grace.patch(TYPE, "p", {"spec": {"decision": "merge"}}, "demo")
        decided = await grace.patch(TYPE, "p", merge, "demo")
        assert decided["spec"]["decidedBy"] == "grace"
        close = {"spec": {"decision": "close", "decidedBy": "admin"}}
        assert (await admin.patch(TYPE, "p", close, "demo"))["spec"]["decision"] == "close"
