from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from idp.apps.instance.hub_changes import HubChanges, changed_repositories
from idp.kernel.capability import Remote

OWN = "environments/uat"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (None, [OWN]),
        ([], []),
        ([{"service": "registry", "repository": "demo/a"}], []),
        ([{"service": "git", "repository": "demo/a"}] * 2, ["demo/a"]),
    ],
)
def test_which_repositories_changed(
    changes: list[dict[str, str]] | None, expected: list[str]
) -> None:
    assert changed_repositories(changes, OWN) == expected


async def test_hints_wake_who_waits_and_failures_of_the_hub_pass() -> None:
    answers = [
        web.json_response({"position": 5, "changes": None}),
        web.Response(status=500),
        web.json_response({"wrong": 1}),
    ]

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("Basic ")
        if answers:
            return answers.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    application = web.Application()
    application.router.add_get("/api/v1/changes", answer)
    async with TestServer(application) as server:
        changes = HubChanges(Remote(f"http://127.0.0.1:{server.port}", "instance.uat", "x"), OWN)
        running = asyncio.create_task(changes.run())
        assert await changes.wait(0, 10) == 1
        assert (await anext(changes)).endswith("/git/environments/uat.git")
        assert await changes.wait(1, 0.01) == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
