"""A request body in Kubernetes' protobuf format -> a manifest. Pure.

A body is the magic number and an `Unknown` message: the kind, and the object's bytes. Which fields
a kind has is written in `tables`. A kind or a field that is not there is refused, never dropped.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from typing import Any

import orjson

from idp.embedded.apiserver.protobuf import wire
from idp.embedded.apiserver.protobuf.fields import Field, fields_of
from idp.embedded.apiserver.protobuf.tables.kinds import KINDS, OPTIONS
from idp.kernel.errors import InvalidInput, TooLarge, UnsupportedMediaType
from idp.kernel.resource import Manifest

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAX_BYTES = 3 * 1024 * 1024
_MAGIC = b"k8s\x00"
_MAX_DEPTH = 40
_REMEDY = "Send the body as application/json (kubectl apply and kubectl create -f do)."
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def decode(body: bytes, *, subresource: str = "") -> Manifest:
    """Read a request body.

    Args:
        body: The whole body.
        subresource: The subresource that is written, such as `status`.

    Raises:
        TooLarge: It is over `MAX_BYTES`.
        InvalidInput: It is malformed.
        UnsupportedMediaType: The kind, or a field that is set, is not decoded here.
    """
    if len(body) > MAX_BYTES:
        raise TooLarge(f"the request body is over {MAX_BYTES} bytes")
    if not body.startswith(_MAGIC):
        raise InvalidInput("the request body does not begin as Kubernetes protobuf does")
    api_version, kind, raw = _envelope(memoryview(body)[len(_MAGIC) :])
    message = OPTIONS.get(kind) or KINDS.get((api_version, kind))
    if message is None:
        raise UnsupportedMediaType(
            f"protobuf bodies of kind {kind} of {api_version} are not decoded", remedy=_REMEDY
        )
    if subresource == "status":
        raise UnsupportedMediaType(
            f"protobuf bodies for the status of {kind} are not decoded", remedy=_REMEDY
        )
    return {"apiVersion": api_version, "kind": kind, **_message(message, raw, 0)}


def _envelope(data: memoryview) -> tuple[str, str, memoryview]:
    api_version = kind = ""
    raw = memoryview(b"")
    for number, _, value in wire.fields(data):
        if number == 1:
            types = {n: _string(v) for n, _, v in wire.fields(_bytes(value))}
            api_version, kind = types.get(1, ""), types.get(2, "")
        elif number == 2:
            raw = _bytes(value)
        elif number == 3 and len(_bytes(value)) > 0:
            raise UnsupportedMediaType("encoded protobuf bodies are not decoded", remedy=_REMEDY)
    return api_version, kind, raw


def _message(message: str, data: memoryview, depth: int) -> Manifest:
    if depth > _MAX_DEPTH:
        raise InvalidInput("protobuf: the message is nested too deeply")
    known = fields_of(message)
    result: Manifest = {f.name: _ZEROS[f.type] for f in known.values() if f.required}
    for number, wire_type, value in wire.fields(data):
        field = known.get(number)
        if field is None:
            if value:
                raise UnsupportedMediaType(
                    f"field {number} of {message} in a protobuf body is not decoded",
                    remedy=_REMEDY,
                )
        elif field.type != "-":
            _add(result, field, wire_type, value, depth)
    return result


def _add(
    result: Manifest, field: Field, wire_type: int, value: int | memoryview, depth: int
) -> None:
    if field.container == "[":
        items = result.setdefault(field.name, [])
        if field.type == "i" and wire_type == wire.BYTES:  # packed
            items += _packed(_bytes(value))
        else:
            items.append(_value(field.type, value, depth))
        return
    if field.container == "{":
        key, item = _entry(field.type, _bytes(value), depth)
        result.setdefault(field.name, {})[key] = item
        return
    decoded = _value(field.type, value, depth)
    if not field.name:
        result.update(decoded)
    elif field.pointer or field.required or decoded not in ("", 0, False, {}, None):
        result[field.name] = decoded


def _entry(type: str, data: memoryview, depth: int) -> tuple[str, Any]:
    key: str = ""
    item: Any = "" if type == "s" else _value(type, memoryview(b""), depth)
    for number, _, value in wire.fields(data):
        if number == 1:
            key = _string(value)
        elif number == 2:
            item = _value(type, value, depth)
    return key, item


def _packed(data: memoryview) -> list[int]:
    numbers, position = [], 0
    while position < len(data):
        number, position = wire.varint(data, position)
        numbers.append(wire.signed(number))
    return numbers


def _value(type: str, value: int | memoryview, depth: int) -> Any:
    if "." in type:
        return _message(type, _bytes(value), depth + 1)
    if type.startswith("L"):
        return [_value(type[1:], v, depth) for n, _, v in wire.fields(_bytes(value)) if n == 1]
    return _SCALARS[type](value)


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise InvalidInput("protobuf: a number stands where a text or message belongs")
    return value


def _integer(value: int | memoryview) -> int:
    if not isinstance(value, int):
        raise InvalidInput("protobuf: a text or message stands where a number belongs")
    return wire.signed(value)


def _string(value: int | memoryview) -> str:
    try:
        return str(_bytes(value), "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("protobuf: a text is not UTF-8") from error


def _members(value: int | memoryview) -> dict[int, int | memoryview]:
    return {number: member for number, _, member in wire.fields(_bytes(value))}


def _moment(value: int | memoryview) -> datetime.datetime | None:
    members = _members(value)
    if not members:
        return None
    try:
        return _EPOCH + datetime.timedelta(
            seconds=_integer(members.get(1, 0)), microseconds=_integer(members.get(2, 0)) // 1000
        )
    except OverflowError as error:
        raise InvalidInput("protobuf: a time is out of range") from error


def _time(value: int | memoryview) -> str | None:
    moment = _moment(value)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None


def _micro_time(value: int | memoryview) -> str | None:
    moment = _moment(value)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment is not None else None


def _quantity(value: int | memoryview) -> str:
    return _string(_members(value).get(1, memoryview(b"0")))


def _integer_or_string(value: int | memoryview) -> int | str:
    members = _members(value)
    if _integer(members.get(1, 0)) == 1:
        return _string(members.get(3, memoryview(b"")))
    return _integer(members.get(2, 0))


def _json(value: int | memoryview) -> Any:
    raw = _members(value).get(1, memoryview(b"null"))
    try:
        return orjson.loads(_bytes(raw))
    except orjson.JSONDecodeError as error:
        raise InvalidInput("protobuf: a field that holds JSON is malformed") from error


_ZEROS = {"b": False, "i": 0}
_SCALARS: dict[str, Callable[[int | memoryview], Any]] = {
    "s": _string,
    "b": lambda value: _integer(value) != 0,
    "i": _integer,
    "y": lambda value: base64.b64encode(_bytes(value)).decode(),
    "T": _time,
    "U": _micro_time,
    "Q": _quantity,
    "I": _integer_or_string,
    "R": _json,
}
