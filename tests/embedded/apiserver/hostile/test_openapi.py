"""Objects made up from the OpenAPI documents, mostly right and somewhere wrong, for every kind.

The server may refuse them as it likes, but it says why, and it never fails. `IDP_FUZZ=50` makes
fifty rounds instead of one; the seed is in the test's name.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from embedded.apiserver.hostile.conftest import Attacker

ROUNDS = int(os.environ.get("IDP_FUZZ", "1"))
DEPTH = 6
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2**63,
    1.5,
    "",
    "a",
    "é\u0000",
    "x" * 300,
    "2026-01-01T00:00:00Z",
    [],
    [None],
    {},
    {"": ""},
    {"a": {"b": []}},
]
PATCH = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


class Maker:
    """Values for schemas of one document."""

    def __init__(self, schemas: dict[str, Any], chance: random.Random) -> None:
        self.schemas = schemas
        self.chance = chance

    def value(self, schema: dict[str, Any], depth: int = 0) -> Any:
        if self.chance.random() < 0.04:
            return self.chance.choice(ODD)
        for part in (*schema.get("allOf", ()), schema):
            if "$ref" in part:
                return self.value(self.schemas[part["$ref"].rpartition("/")[2]], depth)
        return self._typed(schema, depth)

    def _typed(self, schema: dict[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        if kind == "array":
            count = 0 if depth > DEPTH else self.chance.choice((0, 1, 1, 2))
            return [self.value(schema["items"], depth + 1) for _ in range(count)]
        if kind == "boolean":
            return self.chance.random() < 0.5
        if kind == "integer":
            return self.chance.choice((0, 1, 2, 80, -1, 2**31))
        if kind == "number":
            return self.chance.choice((0.5, 3, -1.0))
        return self.chance.choice(("a", "b-c", "100m", "1Gi", "a/b", "A B", "Always", "1h"))

    def _object(self, schema: dict[str, Any], depth: int) -> Any:
        if depth > DEPTH:
            return {}
        required, found = set(schema.get("required", ())), {}
        for name, part in (schema.get("properties") or {}).items():
            if self.chance.random() < (0.95 if name in required else 0.25):
                found[name] = self.value(part, depth + 1)
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            found |= {name: self.value(more, depth + 1) for name in ("a", "b/c")}
        if self.chance.random() < 0.03:
            found["notThere"] = 1
        return found


def collections(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Path, kind's schema name and its apiVersion and kind, of everything that can be created."""
    found = []
    for path, operations in document["paths"].items():
        operation = operations.get("post")
        kind = (operation or {}).get("x-kubernetes-group-version-kind")
        if kind and not path.endswith("}"):
            group = f"{kind['group']}/{kind['version']}" if kind["group"] else kind["version"]
            body = operation.get("requestBody", {}).get("content", {})
            schemas = [part["schema"] for part in body.values() if "schema" in part]
            schema = schemas[0] if schemas else _named(document, kind)
            found.append((path, group, {"kind": kind["kind"], **schema}))
    return found


def _named(document: dict[str, Any], kind: dict[str, str]) -> dict[str, Any]:
    for name, schema in document["components"]["schemas"].items():
        if kind in schema.get("x-kubernetes-group-version-kind", ()):
            return {"$ref": f"#/components/schemas/{name}"}
    raise AssertionError(f"no schema for {kind}")


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_made_up_objects_never_make_the_server_fail(attacker: Attacker, seed: int) -> None:
    chance = random.Random(seed)
    index = (await attacker.send("GET", "/openapi/v3")).body["paths"]
    sent, taken = 0, 0
    for entry in index.values():
        document = (await attacker.send("GET", entry["serverRelativeURL"])).body
        maker = Maker(document["components"]["schemas"], chance)
        for path, api_version, schema in collections(document):
            kind = schema.pop("kind")
            for number in range(4):
                made = maker.value(schema)
                body = made if isinstance(made, dict) else {}
                body |= {"apiVersion": api_version, "kind": kind}
                name = f"fuzz-{seed}-{number}"
                made_meta = body.get("metadata")
                meta = made_meta if isinstance(made_meta, dict) else {}
                body["metadata"] = {**meta, "name": name, "namespace": "default"}
                where = path.replace("{namespace}", "default")
                taken += await answered(attacker, "POST", where, body)
                method = chance.choice((PATCH, MERGE, "application/strategic-merge-patch+json"))
                target = f"{where}/{name}?fieldManager=fuzz"
                await answered(attacker, "PATCH", target, maker.value(schema), method)
                await answered(attacker, "GET", f"{where}/{name}")
                await answered(attacker, "DELETE", f"{where}/{name}")
                sent += 4
    assert sent > 500
    assert taken > 20, "hardly anything was valid: the objects are not like real ones any more"
    assert (await attacker.send("GET", "/readyz")).status == 200


async def answered(
    attacker: Attacker, method: str, path: str, body: Any = None, kind: str = "application/json"
) -> bool:
    """Send; whether it was taken. A refusal is a Status whose code is the answer's."""
    answer = await attacker.send(method, path, body, kind)
    told = (method, path, body, answer)
    if answer.status < 400:
        return True
    unexplained = answer.status == 500 and "reason" not in answer.body
    assert answer.status < 500 or unexplained, told
    assert isinstance(answer.body, dict), told
    assert (answer.body["kind"], answer.body["code"]) == ("Status", answer.status), told
    assert answer.body["message"], told
    return False
