"""Requests to resources: from an HTTP request to a verb, and back."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rules import Attributes
from idp.embedded.apiserver.api import Api, presented
from idp.embedded.apiserver.errors import UnknownPath, UnsupportedPatch
from idp.embedded.apiserver.http import query as parameters
from idp.embedded.apiserver.http.answers import deleted_answer, json_answer, list_answer
from idp.embedded.apiserver.http.body import PATCHES, read_value, unknown_format
from idp.embedded.apiserver.http.paths import ResourcePath
from idp.embedded.apiserver.http.shapes import Shapes, check_acceptable, wanted
from idp.embedded.apiserver.http.watching import stream_watch
from idp.embedded.apiserver.storage.record import Record
from idp.embedded.apiserver.types.registry import Registry
from idp.embedded.apiserver.types.versions import encoded
from idp.embedded.apiserver.verbs.delete import DeleteOptions
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.clock import Clock
from idp.kernel.errors import InvalidInput, MethodNotAllowed, NotFound

_APPLY = "application/apply-patch+yaml"
_OPTIONS = {
    "POST": "CreateOptions",
    "PUT": "UpdateOptions",
    "PATCH": "PatchOptions",
    "DELETE": "DeleteOptions",
}
_VERBS = {"POST": "create", "PUT": "update"}
_SHOWN_WHEN_DELETED = {
    "/namespaces",
    "/persistentvolumeclaims",
    "/pods",
    "/resourcequotas",
    "/serviceaccounts",
    "/services",
    "storage.k8s.io/storageclasses",
}
"""Kinds whose deletion answers the object, not a `Status`."""
_CHANGEABLE = ("", "status", "scale", "finalize", "approval")


class Resources:
    """The verbs over HTTP."""

    def __init__(self, api: Api, registry: Registry, clock: Clock) -> None:
        self._api = api
        self._registry = registry
        self._shapes = Shapes(clock)

    def understand(self, http: web.BaseRequest, path: ResourcePath, user: UserInfo) -> Request:
        """Read what a request asks for.

        Raises:
            NotFound: Of a kind that is not served.
        """
        served = self._registry.find(path.group, path.version, path.plural)
        if served is None:
            # Who may not ask is not told what there is.
            self._api.check(user, _attributes(http, path))
            known = self._registry.is_builtin_group(path.group)
            raise (NotFound if known else UnknownPath)(
                "the server could not find the requested resource"
            )
        if path.namespace and not served.type.namespaced:
            raise NotFound("the server could not find the requested resource")
        query = http.query
        if options := _OPTIONS.get(http.method):
            applying = http.content_type == _APPLY
            parameters.check_options(query, options, applying=applying)
        return Request(
            user,
            served,
            path.namespace,
            path.name,
            path.subresource,
            manager=query.get("fieldManager") or _default_manager(http),
            dry_run="dryRun" in query,
            field_validation=parameters.field_validation(query),
            declared=True,
            force=parameters.flag(query, "force"),
            address=http.remote or "",
            warnings=list(served.warnings),
        )

    async def answer(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        """Do what is asked."""
        served, name = request.served, request.name
        if request.subresource not in ("", *_subresources(request)):
            raise NotFound("the server could not find the requested resource")
        if served.type.namespaced and name and not request.namespace:
            raise NotFound("the server could not find the requested resource")
        match http.method:
            case "GET":
                return await self._read(http, request)
            case "POST" if not name:
                check_acceptable(http)
                return await self._create(http, request)
            case "PUT" if name and request.subresource in _CHANGEABLE:
                return await self._update(http, request)
            case "PATCH" if name and request.subresource in _CHANGEABLE:
                return await self._patch(http, request)
            case "DELETE" if name and not request.subresource:
                return await self._delete(http, request)
            case "DELETE" if not name and _deletes_collections(request):
                return await self._delete_collection(http, request)
        raise MethodNotAllowed("the server does not allow this method on the requested resource")

    # Reading

    async def _read(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        query = http.query
        check_acceptable(http)
        watching = not request.name and parameters.flag(query, "watch")
        shape = wanted(http, one=bool(request.name), watch=watching)
        include = query.get("includeObject", "Metadata")
        if watching:
            events = self._api.watch(
                request, parameters.selection(query), parameters.watch_options(query)
            )
            shaped = self._shapes.watch(request, shape, include)
            return await stream_watch(http, request, events, shaped)
        if not request.name:
            page = self._api.page(
                request,
                parameters.selection(query),
                parameters.list_options(query),
            )
            if shape.shape == "object":
                return await list_answer(http, page, request)
            body = self._shapes.page(page, request, shape, include)
            return json_answer(body, warnings=request.warnings)
        if request.subresource == "scale":
            return json_answer(self._api.get_scale(request), warnings=request.warnings)
        record = self._api.get(request, parameters.known_version(query))
        return self._one(http, record, request)

    def _one(
        self, http: web.BaseRequest, record: Record, request: Request, status: int = 200
    ) -> web.Response:
        if request.subresource == "scale":
            return json_answer(presented(record, request), status, request.warnings)
        shape = wanted(http, one=True)
        if shape.shape != "object":
            include = http.query.get("includeObject", "Metadata")
            body = self._shapes.one(record, request, shape, include)
            return json_answer(body, status, request.warnings)
        return json_answer(encoded(record, request.served), status, request.warnings)

    # Writing

    async def _body(self, http: web.BaseRequest, request: Request) -> tuple[Any, tuple[str, ...]]:
        if http.method != "PATCH" and http.content_type in (*PATCHES, _APPLY):
            raise unknown_format()
        return await read_value(http, strict=request.field_validation != "Ignore")

    async def _create(self, http: web.BaseRequest, request: Request) -> web.Response:
        if request.served.type.namespaced and not request.namespace:
            raise MethodNotAllowed(
                "the server does not allow this method on the requested resource"
            )
        body, complaints = await self._body(http, request)
        record = await self._api.create(request, body, complaints)
        return self._one(http, record, request, 201)

    async def _update(self, http: web.BaseRequest, request: Request) -> web.Response:
        body, complaints = await self._body(http, request)
        return self._one(http, await self._api.update(request, body, complaints), request)

    async def _patch(self, http: web.BaseRequest, request: Request) -> web.Response:
        if http.content_type not in (*PATCHES, _APPLY):
            raise UnsupportedPatch
        body, complaints = await self._body(http, request)
        if http.content_type == _APPLY:
            record, created = await self._api.apply(request, body, complaints)
            return self._one(http, record, request, 201 if created else 200)
        record = await self._api.patch(request, body, PATCHES[http.content_type])
        return self._one(http, record, request)

    async def _delete(self, http: web.BaseRequest, request: Request) -> web.Response:
        options = await self._delete_options(http, request)
        record, gone = await self._api.delete(request, options)
        if not gone or request.served.resource in _SHOWN_WHEN_DELETED:
            return self._one(http, record, request, 202 if options.accepted and not gone else 200)
        answer = deleted_answer(request.served, request.name, record.uid)
        return json_answer(answer, warnings=request.warnings)

    async def _delete_collection(
        self, http: web.BaseRequest, request: Request
    ) -> web.StreamResponse:
        options = await self._delete_options(http, request)
        selection = parameters.selection(http.query)
        page = await self._api.delete_collection(request, selection, options)
        return await list_answer(http, page, request)

    async def _delete_options(self, http: web.BaseRequest, request: Request) -> DeleteOptions:
        body, _ = await read_value(http, strict=False, empty={})
        if not isinstance(body, dict):
            raise InvalidInput("the body of a deletion is a DeleteOptions object")
        if body.get("dryRun"):
            request.dry_run = True
        for name in ("propagationPolicy",):
            if name in http.query:
                body[name] = http.query[name]
        if (grace := parameters.number(http.query, "gracePeriodSeconds")) is not None:
            body["gracePeriodSeconds"] = grace
        return DeleteOptions.parse(body)


def _deletes_collections(request: Request) -> bool:
    """Whole namespaces, and what is in all of them, are not deleted with one request."""
    if request.served.type.namespaced:
        return bool(request.namespace)
    return request.served.resource != "/namespaces"


def _attributes(http: web.BaseRequest, path: ResourcePath) -> Attributes:
    """What a request to a kind that is not served asks for."""
    verb = _VERBS.get(http.method, http.method.lower())
    if not path.name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
    return Attributes(verb, path.group, path.plural, path.subresource, path.namespace, path.name)


def _subresources(request: Request) -> list[str]:
    served = request.served
    names = list(served.subresources)
    if served.status:
        names.append("status")
    if served.scale is not None:
        names.append("scale")
    return names


def _default_manager(http: web.BaseRequest) -> str:
    """Who owns fields when nobody says so: the client's name in its User-Agent."""
    return (http.headers.get("User-Agent") or "unknown").partition("/")[0][:128] or "unknown"
