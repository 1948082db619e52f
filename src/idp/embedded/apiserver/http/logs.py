"""`pods/<name>/log`: the output of a container, streamed from whoever runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from idp.embedded.apiserver.api import Api
from idp.embedded.apiserver.http import query as parameters
from idp.embedded.apiserver.ports import PodLogSource
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import IdpError, InvalidInput, NotFound
from idp.kernel.resource import Manifest


class PodLogPages:
    """Streams logs."""

    def __init__(self, api: Api, source: PodLogSource | None) -> None:
        self._api = api
        self._source = source

    async def answer(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        """Stream the log of one container.

        Raises:
            NotFound: There is no such pod, or nothing here runs pods.
            InvalidInput: The pod has several containers and none is named.
        """
        pod = self._api.get(request).manifest()
        container = _container(pod, http.query.get("container", ""))
        if self._source is None:
            raise NotFound(f"nothing on this server keeps the logs of pod {request.name}")
        if parameters.flag(http.query, "previous"):
            raise InvalidInput(
                f'previous terminated container "{container}" in pod "{request.name}" not found: '
                "logs of former runs are part of the one log that is kept"
            )
        chunks = self._source.read(
            request.namespace,
            request.name,
            container,
            follow=parameters.flag(http.query, "follow"),
            tail_lines=parameters.number(http.query, "tailLines"),
            since_seconds=parameters.number(http.query, "sinceSeconds"),
            timestamps=parameters.flag(http.query, "timestamps"),
        )
        limit = parameters.number(http.query, "limitBytes")
        return await _stream(http, _limited(chunks, limit))


def _container(pod: Manifest, wanted: str) -> str:
    spec = pod.get("spec") or {}
    names = [c["name"] for c in [*(spec.get("initContainers") or []), *spec["containers"]]]
    if wanted:
        if wanted not in names:
            raise InvalidInput(f"container {wanted} is not valid for pod {pod['metadata']['name']}")
        return wanted
    own = [c["name"] for c in spec["containers"]]
    if len(own) > 1:
        raise InvalidInput(
            f"a container name must be specified for pod {pod['metadata']['name']}, "
            f"choose one of: [{' '.join(names)}]"
        )
    return str(own[0])


async def _limited(chunks: AsyncIterator[bytes], limit: int | None) -> AsyncIterator[bytes]:
    left = limit
    async for chunk in chunks:
        if left is None:
            yield chunk
            continue
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return


async def _stream(http: web.BaseRequest, chunks: AsyncIterator[bytes]) -> web.StreamResponse:
    """Send chunks as they come. What fails before the first one is answered as an error."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    iterator = aiter(chunks)
    first = await anext(iterator, None)
    await response.prepare(http)
    try:
        if first:
            await response.write(first)
        async for chunk in iterator:
            await response.write(chunk)
    except ConnectionError:
        return response  # the client has gone
    except IdpError as error:
        await response.write(f"\n{error}\n".encode())
    await response.write_eof()
    return response
