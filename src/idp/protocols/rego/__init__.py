"""Rego modules of anybody, evaluated within limits.

The engine has no timer and one module can take all memory, so it runs in a process of its own that
is ended when it is over a limit. Whoever asks must take every error for a refusal: there is no
answer then, and none means no.

    from idp.protocols.rego import evaluate

    rules = evaluate({"gate.rego": module}, "data.idp.gate.rules", facts, timeout=2.0)
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from typing import Any

from idp.protocols.rego.runner import DEFAULT_TIMEOUT, RegoRunner

_shared = RegoRunner()
atexit.register(_shared.close)


def evaluate(
    modules: Mapping[str, str], query: str, facts: Any, *, timeout: float = DEFAULT_TIMEOUT
) -> Any:
    """Ask the process that everything here shares; callers wait for each other.

    Blocks: in a coroutine call it by `asyncio.to_thread`. See `RegoRunner.evaluate`.
    """
    return _shared.evaluate(modules, query, facts, timeout=timeout)


__all__ = ["DEFAULT_TIMEOUT", "RegoRunner", "evaluate"]
