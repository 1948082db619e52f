"""Runs what users wrote, in a process of its own: Rego and CEL.

Neither engine can be told to stop: a Rego module may loop over a product of large sets, a CEL
expression may nest comprehensions. So each question has a process that is killed when its time
is up. It gets the question by standard input, no variable of the platform's environment, and may
use little memory, no files and no other process (resource limits of the kernel).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any, Literal

import orjson

from idp.kernel.errors import IdpError, Unavailable

SECONDS = 5.0
_ANSWER_BYTES = 64 * 1024
_CHILD = "idp.capabilities.promotion.gates.evaluator"


class CannotEvaluate(IdpError):
    """What a user wrote does not compile, fails, takes too long, or answers something else."""

    code = "CannotEvaluate"
    status = 422


async def evaluate(
    language: Literal["rego", "cel"],
    source: str,
    facts: Mapping[str, Any],
    *,
    seconds: float = SECONDS,
) -> Any:
    """Evaluate a module or an expression; gives its value as JSON values.

    Raises:
        CannotEvaluate: It has no value, whatever the cause.
        Unavailable: No process can be started now.
    """
    question = orjson.dumps({"language": language, "source": source, "facts": facts})
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", _CHILD, str(int(seconds) + 1)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
    except OSError as error:
        raise Unavailable(f"no process for the {language} gate: {error}") from error
    try:
        async with asyncio.timeout(seconds):
            answer, _ = await child.communicate(question)
    except TimeoutError:
        raise CannotEvaluate(
            f"the {language} gate did not decide within {seconds:g} s",
            remedy="Make it simpler: a gate looks at a few facts.",
        ) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return _value(language, answer)


def _value(language: str, answer: bytes) -> Any:
    remedy = f"Correct the {language} of the gate in the PromotionPipeline."
    if len(answer) > _ANSWER_BYTES:
        raise CannotEvaluate(f"the {language} gate answers too much", remedy=remedy)
    try:
        body = orjson.loads(answer)
    except orjson.JSONDecodeError:
        words = f"the {language} gate cannot decide: it needs more memory or time than it gets"
        raise CannotEvaluate(words, remedy=remedy) from None
    if "error" in body:
        words = " ".join(str(body["error"]).split())[:500]
        raise CannotEvaluate(f"the {language} gate cannot decide: {words}", remedy=remedy)
    return body["value"]
