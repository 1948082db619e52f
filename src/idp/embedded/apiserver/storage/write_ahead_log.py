"""Whether the end of SQLite's write-ahead log is where a crash would leave it.

SQLite reads the log up to the first frame whose checksum is wrong, and forgets the rest without a
word: after a crash that is a transaction that was not acknowledged. But a transaction begins only
after the one before it is on the disk. So when a whole transaction *follows* a wrong frame, that
frame was written and acknowledged, and has changed since.

Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
"""The last bit says in which byte order checksums are computed."""


def is_damaged(path: Path) -> bool:
    """Whether acknowledged transactions in a log cannot be read. A log that is not there is not."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    if len(content) < _HEADER.size:
        return False
    magic, _, page, _, *salt, _, _ = _HEADER.unpack_from(content)
    if magic & ~1 != _MAGIC or not 512 <= page <= 65536:
        return any(content)  # nobody can say what is lost
    order = ">" if magic & 1 else "<"
    sums = _sums(content[: _HEADER.size - 8], (0, 0), order)
    if sums != _HEADER.unpack_from(content)[6:]:
        return True
    return _ends_early(content, page, tuple(salt), sums, order)


def _ends_early(
    content: bytes, page: int, salt: tuple[int, ...], sums: tuple[int, int], order: str
) -> bool:
    """Whether a transaction begins behind one that is complete but cannot be read."""
    wrong = committed = False
    for start in range(_HEADER.size, len(content) - _FRAME.size - page + 1, _FRAME.size + page):
        _, size, *found = _FRAME.unpack_from(content, start)
        if tuple(found[:2]) != salt:
            # Of an earlier use of the file, or changed: only what follows can tell.
            wrong = True
            continue
        if committed:
            return True
        if not wrong:
            body = content[start + _FRAME.size : start + _FRAME.size + page]
            sums = _sums(content[start : start + 8] + body, sums, order)
            wrong = sums != tuple(found[2:])
        committed = wrong and size > 0
    return False


def _sums(data: bytes, before: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = before
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for index in range(0, len(words), 2):
        first = (first + words[index] + second) & 0xFFFFFFFF
        second = (second + words[index + 1] + first) & 0xFFFFFFFF
    return first, second
