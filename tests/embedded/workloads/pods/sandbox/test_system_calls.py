"""The system call filter, run by a small interpreter of its byte code."""

from __future__ import annotations

import struct

import pytest

from idp.embedded.workloads.pods.sandbox.system_calls import program, supported

ALLOWED, REFUSED = 0x7FFF0000, 0x00050001


def answer(code: bytes, architecture: int, number: int) -> int:
    lines = list(struct.iter_unpack("=HBBI", code))
    position, value = 0, 0
    while True:
        operation, yes, no, operand = lines[position]
        position += 1
        if operation == 0x20:
            value = {0: number, 4: architecture}[operand]
        elif operation == 0x06:
            return int(operand)
        else:
            holds = value == operand if operation == 0x15 else value >= operand
            position += yes if holds else no


@pytest.mark.parametrize(
    ("machine", "architecture", "number", "expected"),
    [
        ("x86_64", 0xC000003E, 0, ALLOWED),
        ("x86_64", 0xC000003E, 59, ALLOWED),
        ("x86_64", 0xC000003E, 165, REFUSED),
        ("x86_64", 0xC000003E, 442, REFUSED),
        ("x86_64", 0xC000003E, 155, REFUSED),
        ("x86_64", 0xC000003E, 0x40000000, REFUSED),
        ("x86_64", 0x40000003, 0, REFUSED),
        ("aarch64", 0xC00000B7, 165, ALLOWED),
        ("aarch64", 0xC00000B7, 40, REFUSED),
    ],
)
def test_answers(machine: str, architecture: int, number: int, expected: int) -> None:
    assert answer(program(machine), architecture, number) == expected


def test_other_machines_have_no_table() -> None:
    assert not supported("riscv64")
