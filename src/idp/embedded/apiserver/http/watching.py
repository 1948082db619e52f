"""Watch requests: a stream of lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import orjson
from aiohttp import web

from idp.embedded.apiserver.http.answers import add_warnings
from idp.embedded.apiserver.types.versions import encoded
from idp.embedded.apiserver.verbs.read import Seen
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest

Shape = Callable[[Seen], Manifest]
"""Makes the object of an event in another representation, such as a table."""


async def stream_watch(
    http: web.BaseRequest, request: Request, events: AsyncIterator[Seen], shape: Shape | None
) -> web.StreamResponse:
    """Send events until the watch ends; an error on the way becomes an `ERROR` event."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    add_warnings(response, request.warnings)
    await response.prepare(http)
    try:
        async for seen in events:
            await response.write(_line(request, seen, shape))
    except IdpError as error:
        body = error.as_kubernetes_status()
        await response.write(orjson.dumps({"type": "ERROR", "object": body}) + b"\n")
    except ConnectionError:
        return response  # the client has gone: nobody to tell
    await response.write_eof()
    return response


def _line(request: Request, seen: Seen, shape: Shape | None) -> bytes:
    if shape is not None:
        return orjson.dumps({"type": seen.type, "object": shape(seen)}) + b"\n"
    if seen.record is None:
        return orjson.dumps({"type": "BOOKMARK", "object": bookmark(request, seen)}) + b"\n"
    version = request.served.type.api_version
    lines = seen.change.lines if seen.change is not None else {}
    if version not in lines:
        body = encoded(seen.record, request.served)
        lines[version] = b'{"type":"' + seen.type.encode() + b'","object":' + body + b"}\n"
    return lines[version]


def bookmark(request: Request, seen: Seen) -> Manifest:
    """The object of a bookmark."""
    metadata: Manifest = {"resourceVersion": str(seen.version)}
    if seen.initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    type_ = request.served.type
    return {"kind": type_.kind, "apiVersion": type_.api_version, "metadata": metadata}
