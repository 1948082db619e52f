"""Answers: JSON objects, lists, errors, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from aiohttp import web

from idp.embedded.apiserver.errors import UnknownFormat, UnknownPath, UnsupportedPatch
from idp.embedded.apiserver.types.served import ServedType
from idp.embedded.apiserver.types.versions import encoded
from idp.embedded.apiserver.verbs.read import Page
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import Forbidden, IdpError, MethodNotAllowed, NotFound, Unauthorized

_YAML = "application/yaml"
_WITH_DETAILS = (Forbidden, NotFound, MethodNotAllowed, UnknownFormat, UnsupportedPatch)
"""Their `Status` always has details, if empty ones."""


def json_answer(
    body: bytes | dict[str, Any], status: int = 200, warnings: Sequence[str] = ()
) -> web.Response:
    """A JSON answer."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    response = web.Response(body=data, status=status, content_type="application/json")
    add_warnings(response, warnings)
    return response


def add_warnings(response: web.StreamResponse, warnings: Iterable[str]) -> None:
    """Put warnings into the header that kubectl shows."""
    for text in warnings:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.add("Warning", f'299 - "{quoted}"')


def in_wanted_format(http: web.BaseRequest, answer: web.StreamResponse) -> web.StreamResponse:
    """The answer in YAML, for clients that ask for that before JSON."""
    accepted = http.headers.get("Accept", "").replace(" ", "").split(",")
    formats = [item.split(";")[0] for item in accepted]
    first = next((name for name in formats if name in (_YAML, "application/json", "*/*")), "")
    body = answer.body if isinstance(answer, web.Response) else None
    if first != _YAML or not isinstance(body, bytes) or answer.content_type != "application/json":
        return answer
    import yaml  # few ask for it

    text = yaml.dump(orjson.loads(body), Dumper=yaml.CSafeDumper, allow_unicode=True)
    answer.headers["Content-Type"] = _YAML
    assert isinstance(answer, web.Response)
    answer.body = text.encode()
    return answer


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


def list_answer(page: Page, request: Request) -> bytes:
    """A page of a list, put together from the stored bytes."""
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
    items = b",".join(_item(encoded(record, served), served) for record in page.records)
    return head[:-1] + b',"items":[' + items + b"]}"


def _item(raw: bytes, served: ServedType) -> bytes:
    """An item of a list: of a built-in kind, without what the list says of all of them."""
    prefix = f'{{"apiVersion":"{served.type.api_version}","kind":"{served.type.kind}",'.encode()
    if served.builtin and raw.startswith(prefix):
        return b"{" + raw[len(prefix) :]
    return raw


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
