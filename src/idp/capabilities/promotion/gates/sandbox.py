"""Evaluates CEL expressions that users wrote, each in a process of its own.

The engine cannot be told to stop, and an expression may nest comprehensions. So each question has a
process that is killed when its time is up. It gets the question by standard input, no variable of
the platform's environment, and may use little memory, no files and no other process (resource
limits of the kernel). `idp.protocols.rego` does the same for Rego.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import orjson

from idp.kernel.errors import IdpError, Unavailable

SECONDS = 5.0
_ANSWER_BYTES = 64 * 1024
_CHILD = "idp.capabilities.promotion.gates.evaluator"


class CannotEvaluate(IdpError):
    """What a user wrote does not compile, fails, takes too long, or answers something else."""

    code = "CannotEvaluate"
    status = 422


async def evaluate(source: str, facts: Mapping[str, Any], *, seconds: float = SECONDS) -> Any:
    """Evaluate an expression; gives its value as JSON values.

    Raises:
        CannotEvaluate: It has no value, whatever the cause.
        Unavailable: No process can be started now.
    """
    question = orjson.dumps({"source": source, "facts": facts})
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", _CHILD, str(int(seconds) + 1)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
    except OSError as error:
        raise Unavailable(f"no process for the cel gate: {error}") from error
    try:
        async with asyncio.timeout(seconds):
            answer, _ = await child.communicate(question)
    except TimeoutError:
        raise CannotEvaluate(
            f"the cel gate did not decide within {seconds:g} s",
            remedy="Make it simpler: a gate looks at a few facts.",
        ) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return _value(answer)


def _value(answer: bytes) -> Any:
    remedy = "Correct the expression of the gate in the PromotionPipeline."
    if len(answer) > _ANSWER_BYTES:
        raise CannotEvaluate("the cel gate answers too much", remedy=remedy)
    try:
        body = orjson.loads(answer)
    except orjson.JSONDecodeError:
        words = "the cel gate cannot decide: it needs more memory or time than it gets"
        raise CannotEvaluate(words, remedy=remedy) from None
    if "error" in body:
        words = " ".join(str(body["error"]).split())[:500]
        raise CannotEvaluate(f"the cel gate cannot decide: {words}", remedy=remedy)
    return body["value"]
