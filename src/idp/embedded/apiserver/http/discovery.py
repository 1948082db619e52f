"""`/api`, `/apis`, `/openapi`: documents that change only with the served kinds."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from aiohttp import web

from idp.embedded.apiserver.discovery import groups, openapi
from idp.embedded.apiserver.http.answers import json_answer
from idp.embedded.apiserver.http.health import VERSION
from idp.embedded.apiserver.http.shapes import not_acceptable
from idp.embedded.apiserver.types.builtin import published_schemas
from idp.embedded.apiserver.types.registry import Registry
from idp.kernel.errors import NotFound

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_KEPT = 16
"""Documents kept in encoded form; the largest has half a megabyte."""


class DiscoveryPages:
    """Tells clients what is served."""

    def __init__(self, registry: Registry, address: Callable[[], str]) -> None:
        self._registry = registry
        self._address = address
        self._generation = 0
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()

    def answer(self, http: web.BaseRequest, parts: Sequence[str]) -> web.StreamResponse | None:
        """An answer for one of these paths."""
        if not parts:
            return self._root(parts)
        if parts[0] in ("api", "apis"):
            check_discovery_format(http)
        match list(parts):
            case ["api" | "apis" as root] if _wants_aggregated(http):
                return self._aggregated(http, root)
            case ["api"]:
                return json_answer(groups.api_versions(self._address()))
            case ["apis"]:
                return json_answer(groups.api_group_list(self._registry.all()))
            case ["api", "v1"]:
                return self._resources("", "v1")
            case ["api", version]:
                raise NotFound("the server could not find the requested resource")
            case ["apis", group]:
                return self._group(group)
            case ["apis", group, version]:
                return self._resources(group, version)
            case ["openapi", "v3"]:
                return json_answer(self._encoded(("index",), self._index))
            case ["openapi", "v3", *place]:
                return self._document(http, place)
            case ["openapi", "v2"]:
                return _swagger(http)
        return None

    def _root(self, parts: Sequence[str]) -> web.StreamResponse | None:
        if parts:
            return None
        paths = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz"]
        for group, versions in self._versions().items():
            if group:
                paths += [f"/apis/{group}", *(f"/apis/{group}/{v}" for v in versions)]
        return json_answer({"paths": sorted([*paths, "/version"])})

    def _versions(self) -> dict[str, list[str]]:
        return groups.group_versions(self._registry.all())

    def _encoded(self, key: tuple[str, ...], make: Callable[[], Any]) -> bytes:
        """A document, encoded once for as long as the served kinds stay the same."""
        if self._generation != self._registry.generation:
            self._generation = self._registry.generation
            self._kept.clear()
        if key not in self._kept:
            self._kept[key] = orjson.dumps(make())
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _aggregated(self, http: web.BaseRequest, root: str) -> web.StreamResponse:
        body = self._encoded(
            ("aggregated", root),
            lambda: groups.aggregated(self._registry.all(), core=root == "api"),
        )
        etag = hashlib.sha256(body).hexdigest()[:32].upper()
        headers = {"ETag": f'"{etag}"', "Vary": "Accept"}
        if http.headers.get("If-None-Match", "").strip('"') == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers={**headers, "Content-Type": _AGGREGATED})

    def _group(self, group: str) -> web.StreamResponse | None:
        versions = self._versions().get(group)
        if versions is None or not group:
            return None
        body = {"kind": "APIGroup", "apiVersion": "v1", **groups.api_group(group, versions)}
        return json_answer(body)

    def _resources(self, group: str, version: str) -> web.StreamResponse | None:
        versions = self._versions().get(group)
        if versions is None:
            return None
        if version not in versions:
            raise NotFound("the server could not find the requested resource")
        return json_answer(groups.api_resource_list(group, version, self._registry.all()))

    def _index(self) -> dict[str, Any]:
        """Documents with a hash each, so that clients fetch again only what has changed."""
        paths = {}
        for group, versions in self._versions().items():
            for version in versions:
                place = f"apis/{group}/{version}" if group else f"api/{version}"
                mark = hashlib.sha256(f"{place}:{self._fingerprint(group)}".encode())
                url = f"/openapi/v3/{place}?hash={mark.hexdigest().upper()}"
                paths[place] = {"serverRelativeURL": url}
        return {"paths": paths}

    def _fingerprint(self, group: str) -> str:
        """Changes with every document of the group."""
        if self._registry.is_builtin_group(group):
            return VERSION["gitVersion"]
        schemas = [
            (served.type.version, served.type.kind, served.schema)
            for served in self._registry.all()
            if served.type.group == group
        ]
        return hashlib.sha256(orjson.dumps(schemas)).hexdigest()

    def _document(self, http: web.BaseRequest, place: list[str]) -> web.StreamResponse | None:
        match place:
            case ["api", version]:
                group = ""
            case ["apis", group, version]:
                pass
            case _:
                return None
        if version not in self._versions().get(group, ()):
            return web.Response(status=404)
        body = self._encoded(
            ("openapi", group, version),
            lambda: openapi.document(group, version, self._registry.all(), published_schemas()),
        )
        return json_answer(body)


def check_discovery_format(http: web.BaseRequest) -> None:
    """Refuse a client that takes only forms of discovery that are not served.

    Raises:
        NotAcceptable: It does.
    """
    accepted = http.headers.get("Accept", "").replace(" ", "").split(",")
    forms = [item for item in accepted if "as=" in item]
    if len(forms) == len(accepted) and not _wants_aggregated(http):
        raise not_acceptable()


def _wants_aggregated(http: web.BaseRequest) -> bool:
    accepted = http.headers.get("Accept", "").replace(" ", "").split(",")
    return any(
        "as=APIGroupDiscoveryList" in item and "v=v2" in item.split(";") for item in accepted
    )


_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_V2_ACCEPTED = ("com.github.proto-openapi.spec.v2@v1.0+protobuf", _V2_PROTOBUF)


def _swagger(http: web.BaseRequest) -> web.Response:
    """The v2 document, in protobuf for those who ask for nothing else (kubectl 1.27)."""
    if any(name in http.headers.get("Accept", "") for name in _V2_ACCEPTED):
        return web.Response(body=_SWAGGER_PROTOBUF, headers={"Content-Type": _V2_PROTOBUF})
    return json_answer(_SWAGGER)


_SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "Kubernetes", "version": "v1.36.0"},
    "paths": {},
    "definitions": {},
}
"""Clients that only read OpenAPI v2 find nothing to validate against; the server validates."""
_SWAGGER_PROTOBUF = b"\x0a\x032.0" + b"\x12\x15\x0a\x0aKubernetes" + b"\x12\x07v1.36.0"
"""The same as an `openapi.v2.Document`: field 1 `swagger`, 2 `info` (1 `title`, 2 `version`)."""
