"""The side that answers: a program of its own. It ends itself when whoever asked is gone.

Reads a length of eight bytes and a JSON object, writes one of the same form, until its input ends.
It imports nothing of the platform, so that it starts at once.
"""

from __future__ import annotations

import json
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import Any

import regorus

MEMORY_BYTES = 2**30
"""Of addresses, on top of what is taken when the engine has been loaded."""
_LENGTH = struct.Struct(">Q")


def answer(request: dict[str, Any]) -> dict[str, str]:
    """Evaluate one question."""
    try:
        engine = regorus.Engine()
        for name, module in request["modules"].items():
            engine.add_policy(name, module)
        engine.set_input_json(request["facts"])
        value = engine.eval_rule_as_json(request["query"])
    except Exception as error:  # whatever it is that the engine does not bear
        # The engine adds a trace of its own innards from the second line on.
        return {"error": str(error).strip().partition("\n\n")[0][:2000]}
    return {"value": value if isinstance(value, str) and value != '"<undefined>"' else "null"}


def main() -> None:
    """Answer until the input ends."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(_LENGTH.size)) == _LENGTH.size:
        request = json.loads(source.read(_LENGTH.unpack(head)[0]))
        # Nobody is there any more to end it: the alarm's default action ends even a busy engine.
        signal.setitimer(signal.ITIMER_REAL, float(request["seconds"]) + 1.0)
        data = json.dumps(answer(request)).encode()
        signal.setitimer(signal.ITIMER_REAL, 0)
        target.write(_LENGTH.pack(len(data)) + data)
        target.flush()


if __name__ == "__main__":
    main()
