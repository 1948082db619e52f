"""Bodies of requests: read with a limit, parsed with suspicion."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
from aiohttp import web

from idp.kernel.errors import DeadlineExceeded, InvalidInput, TooLarge, UnsupportedMediaType

LIMIT = 3 * 1024 * 1024
"""Bytes that a body may have, as for the real server."""
BODY_SECONDS = 60.0
"""How long a body may take to arrive, as for the real server."""
_QUICK = 64 * 1024
"""Bytes of YAML that are read in a moment; its parser takes seconds for the largest bodies."""

JSON = "application/json"
PROTOBUF = "application/vnd.kubernetes.protobuf"
_YAML = ("application/yaml", "application/apply-patch+yaml")
PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}


async def read_body(request: web.BaseRequest) -> bytes:
    """The whole body.

    Raises:
        TooLarge: It is over the limit.
        DeadlineExceeded: It did not arrive in time.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request)
    except TimeoutError as error:
        raise DeadlineExceeded(
            f"the body of the request did not arrive within {BODY_SECONDS:.0f} s"
        ) from error


async def _read(request: web.BaseRequest) -> bytes:
    if (request.content_length or 0) > LIMIT:
        raise TooLarge(f"Request entity too large: limit is {LIMIT}")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LIMIT:
            raise TooLarge(f"Request entity too large: limit is {LIMIT}")
    return bytes(body)


async def read_value(
    request: web.BaseRequest, *, strict: bool, empty: Any = None
) -> tuple[Any, tuple[str, ...]]:
    """Read and parse a body, without holding up other requests over a large one.

    Args:
        request: The request; a body without a media type is JSON.
        strict: Look for duplicate fields.
        empty: What no body at all means; None when it must be there.

    Raises:
        InvalidInput: It is malformed.
        UnsupportedMediaType: The format is not served.
        TooLarge: It is over the limit.
        DeadlineExceeded: It did not arrive in time.
    """
    body = await read_body(request)
    if not body and empty is not None:
        return empty, ()
    media_type = request.content_type
    if media_type == "application/octet-stream":  # what aiohttp says when there is none
        media_type = JSON
    if media_type in _YAML and len(body) > _QUICK:
        return await asyncio.to_thread(parse, body, media_type, strict=strict)
    return parse(body, media_type, strict=strict)


def parse(body: bytes, media_type: str, *, strict: bool) -> tuple[Any, tuple[str, ...]]:
    """The value of a body, and complaints about fields that appear twice.

    Args:
        body: The bytes.
        media_type: From the request, without parameters.
        strict: Look for duplicate fields.

    Raises:
        InvalidInput: It is malformed.
        UnsupportedMediaType: The format is not served.
    """
    try:
        if media_type in _YAML:
            return _parse_yaml(body)
        if media_type == PROTOBUF:
            return _parse_protobuf(body), ()
        if media_type in (JSON, *PATCHES):
            return _parse_json(body, strict=strict)
    except RecursionError as error:
        raise InvalidInput("the body is nested too deeply") from error
    raise unknown_format()


def unknown_format() -> UnsupportedMediaType:
    """The error for a body that is no object in a format that is served."""
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types "
        "include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )


def _parse_json(body: bytes, *, strict: bool) -> tuple[Any, tuple[str, ...]]:
    try:
        value = orjson.loads(body)
        if not strict:
            return value, ()
        text = body.decode()
        if not _has_duplicates(text):
            return value, ()
        noted = json.loads(text, object_pairs_hook=_Pairs)
    except ValueError as error:
        raise InvalidInput(f"the body of the request is not JSON: {error}") from error
    return value, tuple(_duplicates(noted, ""))


class _Twice(Exception):
    """An object has a field twice."""


def _has_duplicates(text: str) -> bool:
    """Whether any object has a field twice. Almost none has, so this is quick, and names none."""
    try:
        _NOTICING.decode(text)
    except _Twice:
        return True
    return False


def _notice(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len(dict(pairs)) != len(pairs):
        raise _Twice


_NOTICING = json.JSONDecoder(object_pairs_hook=_notice)


class _Pairs(dict[str, Any]):
    """An object that remembers which fields it was given twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice = _twice([name for name, _ in pairs]) if len(self) != len(pairs) else []


def _twice(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _duplicates(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        for name in value.twice:
            yield f'duplicate field "{path}{name}"'
        for name, item in value.items():
            yield from _duplicates(item, f"{path}{name}.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _duplicates(item, f"{path[:-1]}[{index}].")


def _parse_yaml(body: bytes) -> tuple[Any, tuple[str, ...]]:
    if body.lstrip()[:1] == b"{":
        return _parse_json(body, strict=True)
    from idp.kernel.strict_yaml import load_documents

    documents = load_documents(body, name="the body", limit=LIMIT)
    if len(documents) != 1:
        raise InvalidInput("the body of the request holds more or less than one YAML document")
    return documents[0], ()


def _parse_protobuf(body: bytes) -> Any:
    from idp.embedded.apiserver.protobuf.decode import decode

    return decode(body)
