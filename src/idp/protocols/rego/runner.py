"""The side that asks: keeps one worker warm, and ends it when it is over a limit."""

from __future__ import annotations

import contextlib
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from idp.kernel.errors import DeadlineExceeded, Invalid, TooLarge, Unavailable

DEFAULT_TIMEOUT = 5.0
MAX_FACTS_BYTES = 64 * 2**20
MAX_ANSWER_BYTES = 16 * 2**20
_LENGTH = struct.Struct(">Q")
_WORKER = Path(__file__).with_name("worker.py")


class RegoRunner:
    """Evaluates in one process of its own, started with the first question. Safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def evaluate(
        self,
        modules: Mapping[str, str],
        query: str,
        facts: Any,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Any:
        """Evaluate a rule.

        Args:
            modules: Rego v1 modules by file name.
            query: Path of a rule, such as `data.idp.gate.rules`.
            facts: JSON value that the modules see as `input`.
            timeout: Seconds for the evaluation; waiting for other callers does not count.

        Returns:
            The rule's value as JSON; None when it is undefined.

        Raises:
            Invalid: A module does not compile, or fails.
            DeadlineExceeded: It took too long and was ended.
            TooLarge: The facts or the answer are over a limit.
            Unavailable: The process ended without an answer: it was over the limit on memory, or
                on how deep calls may go.
        """
        request = orjson.dumps(
            {
                "modules": dict(modules),
                "query": query,
                "facts": orjson.dumps(facts).decode(),
                "seconds": timeout,
            }
        )
        if len(request) > MAX_FACTS_BYTES:
            raise TooLarge(f"the facts have more than {MAX_FACTS_BYTES} bytes")
        with self._lock:
            answer = orjson.loads(self._ask(request, timeout))
        if "error" in answer:
            raise Invalid(str(answer["error"]))
        return orjson.loads(answer["value"])

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._end()

    def _ask(self, request: bytes, timeout: float) -> bytes:
        process = self._running()
        assert process.stdin is not None
        deadline = time.monotonic() + timeout
        finished = False
        try:
            process.stdin.write(_LENGTH.pack(len(request)) + request)
            process.stdin.flush()
            (length,) = _LENGTH.unpack(self._read(process, _LENGTH.size, deadline))
            if length > MAX_ANSWER_BYTES:
                raise TooLarge(f"the module's answer has more than {MAX_ANSWER_BYTES} bytes")
            answer = self._read(process, length, deadline)
            finished = True
            return answer
        except TimeoutError as error:
            raise DeadlineExceeded(f"the module did not answer within {timeout:g} s") from error
        except (BrokenPipeError, EOFError) as error:
            raise Unavailable(
                "the module was ended without an answer: it used too much memory or called "
                "itself too deeply"
            ) from error
        finally:
            if not finished:
                self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # KiB; or else the engine's allocator reserves 1 GiB at once, beyond any limit.
                env={"MIMALLOC_ARENA_RESERVE": "65536"},
                start_new_session=True,
            )
        return self._process

    @staticmethod
    def _read(process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
        assert process.stdout is not None
        file = process.stdout.fileno()
        poll = select.poll()
        poll.register(file, select.POLLIN | select.POLLHUP)
        content = bytearray()
        while len(content) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise TimeoutError
            chunk = process.stdout.raw.read(size - len(content))  # type: ignore[attr-defined]
            if not chunk:
                raise EOFError
            content += chunk
        return bytes(content)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.communicate()
