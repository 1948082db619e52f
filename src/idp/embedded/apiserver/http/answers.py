"""Answers: JSON objects, lists, errors, warnings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from aiohttp import web

from idp.embedded.apiserver.errors import UnknownFormat, UnknownPath, UnsupportedPatch
from idp.embedded.apiserver.types.served import ServedType
from idp.embedded.apiserver.types.versions import encoded, is_stored_version
from idp.embedded.apiserver.verbs.read import Page
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import Forbidden, IdpError, MethodNotAllowed, NotFound, Unauthorized

_YAML = "application/yaml"
_WITH_DETAILS = (Forbidden, NotFound, MethodNotAllowed, UnknownFormat, UnsupportedPatch)
"""Their `Status` always has details, if empty ones."""

_WARNING_CHARACTERS, _LONGEST_WARNING = 4096, 1024
"""Of all warnings of an answer, and of one: clients refuse answers with large heads."""
_PIECE = 256 * 1024
"""Bytes of a list that are sent at a time."""
_QUICK = 64 * 1024
"""Bytes that are written as YAML in a moment."""


def json_answer(
    body: bytes | dict[str, Any], status: int = 200, warnings: Sequence[str] = ()
) -> web.Response:
    """A JSON answer."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    response = web.Response(body=data, status=status, content_type="application/json")
    add_warnings(response, warnings)
    return response


def add_warnings(response: web.StreamResponse, warnings: Iterable[str]) -> None:
    """Put warnings into the header that kubectl shows, not more than clients take."""
    left = _WARNING_CHARACTERS
    for text in warnings:
        text = text[: min(left, _LONGEST_WARNING)]
        left -= len(text)
        if not text:
            return
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.add("Warning", f'299 - "{quoted}"')


def _wants_yaml(http: web.BaseRequest) -> bool:
    accepted = http.headers.get("Accept", "").replace(" ", "").split(",")
    formats = [item.split(";")[0] for item in accepted]
    return next((f for f in formats if f in (_YAML, "application/json", "*/*")), "") == _YAML


async def in_wanted_format(http: web.BaseRequest, answer: web.StreamResponse) -> web.StreamResponse:
    """The answer in YAML, for clients that ask for that before JSON."""
    if not (isinstance(answer, web.Response) and _wants_yaml(http)):
        return answer
    body = answer.body
    if isinstance(body, bytes) and answer.content_type == "application/json":
        quick = len(body) <= _QUICK
        answer.body = _as_yaml(body) if quick else await asyncio.to_thread(_as_yaml, body)
        answer.headers["Content-Type"] = _YAML
    return answer


def _as_yaml(body: bytes) -> bytes:
    import yaml  # few ask for it

    text: str = yaml.dump(orjson.loads(body), Dumper=yaml.CSafeDumper, allow_unicode=True)
    return text.encode()


def error_answer(error: IdpError, warnings: Sequence[str] = ()) -> web.Response:
    """An error as a `Status`. What to do next follows the message."""
    if isinstance(error, UnknownPath):
        return web.Response(text="404 page not found\n", status=404)
    body = error.as_kubernetes_status()
    if isinstance(error, _WITH_DETAILS):
        body.setdefault("details", {})
    if error.remedy:
        body["message"] = f"{body['message']} ({error.remedy})"
    response = json_answer(body, error.status, warnings)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.retryable and error.status in (429, 503):
        response.headers["Retry-After"] = "1"
    return response


async def list_answer(http: web.BaseRequest, page: Page, request: Request) -> web.StreamResponse:
    """A page of a list, put together from the stored bytes.

    A long one is sent piece by piece: as a whole it would be in memory three times, plain and on
    its way through TLS, and nobody else would be answered meanwhile.
    """
    parts = list(_list_parts(page, request))
    size = sum(map(len, parts))
    if size <= _PIECE or _wants_yaml(http):
        return json_answer(b"".join(parts), warnings=request.warnings)
    response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
    response.content_length = size
    add_warnings(response, request.warnings)
    await response.prepare(http)
    with contextlib.suppress(ConnectionError):  # the client has gone: nobody to tell
        for piece in _pieces(parts):
            await response.write(piece)
        await response.write_eof()
    return response


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _list_parts(page: Page, request: Request) -> Iterator[bytes]:
    served = request.served
    metadata: dict[str, Any] = {"resourceVersion": str(page.version)}
    if page.token or not served.builtin:
        metadata["continue"] = page.token
    if page.token and page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    head = orjson.dumps(
        {
            "kind": served.list_kind,
            "apiVersion": served.type.api_version,
            "metadata": metadata,
        }
    )
    yield head[:-1] + b',"items":['
    stored = is_stored_version(served)
    prefix = f'{{"apiVersion":"{served.type.api_version}","kind":"{served.type.kind}",'.encode()
    comma = b""
    for record in page.records:
        raw = record.raw if stored else encoded(record, served)
        # An item of a built-in kind comes without what the list says of all of them.
        if served.builtin and raw.startswith(prefix):
            yield comma + b"{"
            yield raw[len(prefix) :]
        else:
            yield comma
            yield raw
        comma = b","
    yield b"]}"


def deleted_answer(served: ServedType, name: str, uid: str) -> dict[str, Any]:
    """What says that an object is gone."""
    details = {"name": name, "group": served.type.group, "kind": served.type.plural, "uid": uid}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
