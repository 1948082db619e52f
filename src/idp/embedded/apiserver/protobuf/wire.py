"""The protobuf wire format: a message as (field number, wire type, value). Pure.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

from idp.kernel.errors import InvalidInput

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def fields(data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """The fields of a message in order.

    Raises:
        InvalidInput: The data is cut off or malformed.
    """
    position = 0
    while position < len(data):
        key, position = varint(data, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == VARINT:
            value, position = varint(data, position)
            yield number, wire_type, value
            continue
        if wire_type == BYTES:
            length, position = varint(data, position)
        elif wire_type in (FIXED64, FIXED32):
            length = 8 if wire_type == FIXED64 else 4
        else:
            raise InvalidInput(f"protobuf: wire type {wire_type} is not supported")
        end = position + length
        if number == 0 or end > len(data):
            raise InvalidInput("protobuf: the message is cut off")
        yield number, wire_type, data[position:end]
        position = end


def varint(data: memoryview, position: int) -> tuple[int, int]:
    """An unsigned integer and the position behind it."""
    result = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & 0xFFFF_FFFF_FFFF_FFFF, position
        shift += 7
    raise InvalidInput("protobuf: the message is cut off")


def signed(value: int) -> int:
    """A varint as a 64-bit signed integer."""
    return value - (1 << 64) if value >= 1 << 63 else value
