"""The same requests to this server and to a real one: the same answers.

`recorded.json` holds the answers of kube-apiserver v1.36. To record them again, point
`IDP_REAL_KUBECONFIG` at a fresh one (token authentication, RBAC, ServiceAccount admission off).

Answers are normalised: uids, versions, times, addresses and generated names are replaced. Where
this server answers otherwise on purpose, `DIFFERENT` says why, and the status must still be equal.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from idp.embedded.apiserver.server import ApiServer
from idp.kernel.errors import IdpError
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig

RECORDED = Path(__file__).parent / "recorded.json"
CASES = Path(__file__).parent / "cases.yaml"
REAL = os.environ.get("IDP_REAL_KUBECONFIG")

_REPLACED = {
    "uid": "<uid>",
    "resourceVersion": "<version>",
    "creationTimestamp": "<time>",
    "deletionTimestamp": "<time>",
    "lastTransitionTime": "<time>",
    "time": "<time>",
}
_DROPPED = {"clusterIP", "clusterIPs", "remedy", "selfLink"}
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _normalised_field(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "managedFields":
        # Both servers order the managers by whole seconds: where one second ends is chance.
        return sorted(normalised(value), key=lambda entry: json.dumps(entry, sort_keys=True))
    return _REPLACED.get(name, normalised(value))


def normalised(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _normalised_field(name, item)
            for name, item in value.items()
            if name not in _DROPPED and not (name == "f:clusterIP" and item == {})
        }
    if isinstance(value, list):
        return [normalised(item) for item in value]
    if isinstance(value, str):
        value = _UID.sub("<uid>", value)
        return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>", value)
    return value


def load_cases() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = yaml.safe_load(CASES.read_text())
    return cases


async def answer(client: HttpClient, step: dict[str, Any]) -> dict[str, Any]:
    """Status and normalised body; the status of an error is in its body."""
    body = step.get("body")
    raw = body.encode() if isinstance(body, str) else orjson.dumps(body) if body else None
    kinds = {
        "merge": "application/merge-patch+json",
        "json": "application/json-patch+json",
        "strategic": "application/strategic-merge-patch+json",
        "apply": "application/apply-patch+yaml",
    }
    method, _, path = step["do"].partition(" ")
    content_type = "application/json"
    if method in kinds:
        method, content_type = "PATCH", kinds[method]
    try:
        found = await client.request(method, path, body=raw, content_type=content_type)
    except IdpError as error:
        status = error.as_kubernetes_status()
        kept = {name: status.get(name) for name in ("code", "reason", "message")}
        details = {**(status.get("details") or {})}
        causes = sorted(map(str, details.pop("causes", [])))
        return {"error": normalised({**kept, "details": details, "causes": causes})}
    return {"body": normalised(orjson.loads(found))}


async def run(client: HttpClient, case: dict[str, Any]) -> list[dict[str, Any]]:
    return [await answer(client, step) for step in case["steps"]]


def recorded() -> dict[str, list[dict[str, Any]]]:
    answers: dict[str, list[dict[str, Any]]] = json.loads(RECORDED.read_text())
    return answers


@pytest.fixture
async def embedded(server: ApiServer, tmp_path: Path) -> AsyncIterator[HttpClient]:
    path = tmp_path / "kubeconfig"
    server.kubeconfig(path=path)
    async with HttpClient(settings_from_kubeconfig(path)) as client:
        yield client


@pytest.mark.skipif(REAL is not None, reason="recording")
@pytest.mark.parametrize("case", load_cases(), ids=lambda case: str(case["case"]))
async def test_answers_are_those_of_the_real_server(
    embedded: HttpClient, case: dict[str, Any]
) -> None:
    expected = recorded()[case["case"]]
    for needed in load_cases():
        if needed["case"] == case.get("needs"):
            await run(embedded, needed)
    found = await run(embedded, case)
    for step, ours, theirs in zip(case["steps"], found, expected, strict=True):
        if "differs" in step:
            assert ours.get("error", {}).get("code") == theirs.get("error", {}).get("code")
        else:
            # The recording was normalised by the rules of its day.
            assert ours == normalised(theirs), step["do"]


@pytest.mark.skipif(REAL is None, reason="needs a real server")
async def test_record_the_answers_of_a_real_server() -> None:
    assert REAL is not None
    answers = {}
    async with HttpClient(settings_from_kubeconfig(Path(REAL))) as client:
        for case in load_cases():
            answers[case["case"]] = await run(client, case)
            for step in case.get("clean", []):
                await answer(client, step)
            await asyncio.sleep(3)  # a new kind is served a little later there
    RECORDED.write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n")
