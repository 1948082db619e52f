"""`Client` over HTTP: a real or embedded Kubernetes API server, or the hub's proxy to one.

Watches reconnect by themselves after a disconnect and continue from the last version seen, which
bookmarks keep fresh; only 410 (the version is compacted away) surfaces, as `Gone`, because the
caller must list again. Requests that fail before an answer raise `Unavailable` (retryable).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import orjson
from multidict import CIMultiDict

from idp.kernel.client import Client, ObjectList, PatchType, Propagation, WatchEvent
from idp.kernel.errors import Gone, IdpError, Unavailable, from_kubernetes_status
from idp.kernel.kubeconfig import ConnectionSettings, tls_context
from idp.kernel.resource import Manifest, ResourceType

_PATCH_MEDIA_TYPES: dict[str, str] = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
_PAGE = 500
_WATCH_SECONDS = 290
_JSON = "application/json"
_METADATA = f"{_JSON};as=PartialObjectMetadata%s;g=meta.k8s.io;v=v1"


class HttpClient(Client):
    """One connection pool to one API server. Close it with `close()` or use `async with`."""

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        session: aiohttp.ClientSession | None = None,
        metadata_only: bool = False,
    ) -> None:
        self.settings = settings
        self._session = session
        self._accept = _METADATA % "" if metadata_only else _JSON
        self._accept_list = _METADATA % "List" if metadata_only else _JSON
        self._tls = tls_context(settings) if session is None else True

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def impersonating(self, user: str, groups: Sequence[str] = ()) -> HttpClient:
        """Act as somebody else over the same connections."""
        settings = ConnectionSettings(
            **{
                **self.settings.__dict__,
                "impersonate_user": user,
                "impersonate_groups": tuple(groups),
            }
        )
        return HttpClient(settings, session=self.session())

    def metadata_only(self) -> HttpClient:
        """Read and watch over the same connections only what `metadata` holds."""
        return HttpClient(self.settings, session=self.session(), metadata_only=True)

    def session(self) -> aiohttp.ClientSession:
        """The connections, opened when they are first needed."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls, limit=0),
                json_serialize=lambda value: orjson.dumps(value).decode(),
            )
        return self._session

    def _headers(
        self, extra: dict[str, str] | None = None, *, accept: str | None = None
    ) -> list[tuple[str, str]]:
        headers = [("Accept", accept or self._accept), ("User-Agent", "idp")]
        if self.settings.token:
            headers.append(("Authorization", f"Bearer {self.settings.token}"))
        if self.settings.impersonate_user is not None:
            headers.append(("Impersonate-User", self.settings.impersonate_user))
            headers += [("Impersonate-Group", g) for g in self.settings.impersonate_groups]
        return headers + list((extra or {}).items())

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = _JSON,
        accept: str | None = None,
    ) -> bytes:
        """Send one request and give the answer's body.

        Raises:
            IdpError: The subclass that the answered `Status` stands for; `Unavailable` when
                nothing answered in time.
        """
        extra = {"Content-Type": content_type} if body else None
        headers = CIMultiDict(self._headers(extra, accept=accept))
        try:
            async with self.session().request(
                method,
                self.settings.server + path,
                params=query,
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self.settings.timeout),
            ) as response:
                answer = await response.read()
                if response.status >= 400:
                    raise _error(response.status, answer)
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable(self.settings.server, error) from error

    async def request_object(
        self, method: str, path: str, *, manifest: Any = None, **options: Any
    ) -> Manifest:
        """Send and receive JSON."""
        body = None if manifest is None else orjson.dumps(manifest)
        answer: Manifest = orjson.loads(await self.request(method, path, body=body, **options))
        return answer

    async def get(self, type: ResourceType, name: str, namespace: str | None = None) -> Manifest:
        """Read one object."""
        return await self.request_object("GET", type.path(_namespace(type, namespace), name))

    async def list(
        self,
        type: ResourceType,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> ObjectList:
        """Read all matching objects, page by page, from one snapshot."""
        query = {"limit": str(_PAGE)}
        if label_selector:
            query["labelSelector"] = label_selector
        if field_selector:
            query["fieldSelector"] = field_selector
        items: list[Manifest] = []
        while True:
            page = await self.request_object(
                "GET", type.path(namespace), query=query, accept=self._accept_list
            )
            for item in page.get("items") or []:
                items.append({**item, "apiVersion": type.api_version, "kind": type.kind})
            if not (token := page["metadata"].get("continue")):
                return ObjectList(items, page["metadata"]["resourceVersion"])
            query["continue"] = token

    async def watch(
        self,
        type: ResourceType,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Follow changes; reconnects until the version is too old."""
        delay = 0.05
        while True:
            query = {
                "watch": "true",
                "resourceVersion": resource_version,
                "allowWatchBookmarks": "true",
                "timeoutSeconds": str(_WATCH_SECONDS),
            }
            if label_selector:
                query["labelSelector"] = label_selector
            try:
                async for event in self._events(type.path(namespace), query):
                    delay = 0.05
                    if event["type"] == "ERROR":
                        raise from_kubernetes_status(event["object"])
                    resource_version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        yield WatchEvent(event["type"], event["object"])
            except Gone:
                raise
            except IdpError as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5.0)

    async def _events(self, path: str, query: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
        buffer = bytearray()
        async for chunk in self._stream(path, query):
            buffer += chunk
            *lines, rest = bytes(buffer).split(b"\n")
            buffer = bytearray(rest)
            for line in filter(None, lines):
                yield orjson.loads(line)

    async def _stream(self, path: str, query: dict[str, str]) -> AsyncIterator[bytes]:
        """Read an answer that has no end known beforehand, as it comes."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self.settings.timeout)
        try:
            async with self.session().get(
                self.settings.server + path,
                params=query,
                headers=CIMultiDict(self._headers()),
                timeout=timeout,
                read_bufsize=2**20,
            ) as response:
                if response.status >= 400:
                    raise _error(response.status, await response.read())
                async for chunk in response.content.iter_any():
                    yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable(self.settings.server, error) from error

    async def create(
        self, type: ResourceType, manifest: Manifest, *, dry_run: bool = False
    ) -> Manifest:
        """Create an object; `dry_run` asks whether that is allowed and valid, and keeps nothing."""
        namespace = _namespace(type, manifest.get("metadata", {}).get("namespace"))
        body = {**manifest, "apiVersion": type.api_version, "kind": type.kind}
        query = {"dryRun": "All"} if dry_run else {}
        return await self.request_object("POST", type.path(namespace), manifest=body, query=query)

    async def apply(
        self,
        type: ResourceType,
        manifest: Manifest,
        *,
        field_manager: str,
        force: bool = True,
        dry_run: bool = False,
        strict: bool = False,
    ) -> Manifest:
        """Server-side apply; `strict` refuses unknown fields, which are dropped otherwise."""
        meta = manifest["metadata"]
        query = {"fieldManager": field_manager, "force": str(force).lower()}
        if dry_run:
            query["dryRun"] = "All"
        if strict:
            query["fieldValidation"] = "Strict"
        return await self.request_object(
            "PATCH",
            type.path(_namespace(type, meta.get("namespace")), meta["name"]),
            manifest={**manifest, "apiVersion": type.api_version, "kind": type.kind},
            query=query,
            content_type="application/apply-patch+yaml",
        )

    async def update(
        self, type: ResourceType, manifest: Manifest, *, subresource: str | None = None
    ) -> Manifest:
        """Replace an object or a subresource of it."""
        meta = manifest["metadata"]
        path = type.path(_namespace(type, meta.get("namespace")), meta["name"])
        return await self.request_object("PUT", _sub(path, subresource), manifest=manifest)

    async def patch(
        self,
        type: ResourceType,
        name: str,
        patch: Manifest | Sequence[Manifest],
        namespace: str | None = None,
        *,
        patch_type: PatchType = "merge",
        subresource: str | None = None,
    ) -> Manifest:
        """Patch an object or a subresource of it."""
        path = type.path(_namespace(type, namespace), name)
        return await self.request_object(
            "PATCH",
            _sub(path, subresource),
            manifest=patch,
            content_type=_PATCH_MEDIA_TYPES[patch_type],
        )

    async def delete(
        self,
        type: ResourceType,
        name: str,
        namespace: str | None = None,
        *,
        propagation: Propagation = "Background",
        uid: str | None = None,
        grace_seconds: int | None = None,
    ) -> None:
        """Ask for deletion."""
        options: Manifest = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": propagation,
        }
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        path = type.path(_namespace(type, namespace), name)
        await self.request_object("DELETE", path, manifest=options)

    async def logs(
        self,
        name: str,
        namespace: str,
        *,
        container: str | None = None,
        follow: bool = False,
        tail_lines: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Stream a pod's log in chunks."""
        query = {"follow": str(follow).lower()}
        if container:
            query["container"] = container
        if tail_lines is not None:
            query["tailLines"] = str(tail_lines)
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
        async for chunk in self._stream(path, query):
            yield chunk


def _namespace(type: ResourceType, namespace: str | None) -> str | None:
    return (namespace or "default") if type.namespaced else None


def _sub(path: str, subresource: str | None) -> str:
    return f"{path}/{subresource}" if subresource else path


def _error(status: int, answer: bytes) -> IdpError:
    try:
        body = orjson.loads(answer)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or body.get("kind") != "Status":
        text = answer[:500].decode(errors="replace")
        body = {"code": status, "message": f"HTTP {status}: {text}"}
    return from_kubernetes_status({**body, "code": body.get("code") or status})


def _unavailable(server: str, error: Exception) -> Unavailable:
    return Unavailable(
        f"{server} does not answer: {error or type(error).__name__}",
        remedy="Look at `idp-cli status`; start the platform with `idp-cli up`.",
    )
