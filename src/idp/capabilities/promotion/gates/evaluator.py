"""The process in which one CEL expression is evaluated; see `sandbox.py`."""

from __future__ import annotations

import resource
import sys
from typing import Any

import orjson

MEMORY = 512 * 1024 * 1024


def confine(seconds: int) -> None:
    """Take away what evaluation does not need; nothing can be got back."""
    for limit, value in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(limit, (value, value))


def cel(source: str, facts: Any) -> Any:
    """The value of the expression."""
    from cel import evaluate

    confine(int(sys.argv[1]))
    return evaluate(source, facts)


def main() -> None:
    """One question in, one answer out."""
    question = orjson.loads(sys.stdin.buffer.read())
    try:
        answer = {"value": cel(question["source"], question["facts"])}
        text = orjson.dumps(answer)
    except BaseException as error:  # a panic of a Rust library is no Exception
        text = orjson.dumps({"error": f"{type(error).__name__}: {error}".partition("\n\n")[0]})
    sys.stdout.buffer.write(text)


if __name__ == "__main__":
    main()
