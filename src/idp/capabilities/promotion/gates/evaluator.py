"""The process in which one Rego module or CEL expression is evaluated; see `sandbox.py`."""

from __future__ import annotations

import resource
import sys
from typing import Any

import orjson

MEMORY = 512 * 1024 * 1024
QUERY = "data.idp.gate"


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


def rego(source: str, facts: Any) -> Any:
    """`allow` and `reasons` of the package `idp.gate`."""
    import regorus

    confine_now()
    engine = regorus.Engine()
    engine.add_policy("gate.rego", source)
    engine.set_input_json(orjson.dumps(facts).decode())
    value = orjson.loads(engine.eval_rule_as_json(f"{QUERY}.allow"))
    reasons: Any = []
    try:
        reasons = orjson.loads(engine.eval_rule_as_json(f"{QUERY}.reasons"))
    except Exception:  # the module has no such rule
        reasons = []
    return {"allow": value, "reasons": reasons}


def cel(source: str, facts: Any) -> Any:
    """The value of the expression."""
    from cel import evaluate

    confine_now()
    return evaluate(source, facts)


def confine_now() -> None:
    """With the limits that the caller gave."""
    confine(int(sys.argv[1]))


def main() -> None:
    """One question in, one answer out."""
    question = orjson.loads(sys.stdin.buffer.read())
    ask = {"rego": rego, "cel": cel}[question["language"]]
    try:
        answer = {"value": ask(question["source"], question["facts"])}
        text = orjson.dumps(answer)
    except BaseException as error:  # a panic of a Rust library is no Exception
        text = orjson.dumps({"error": f"{type(error).__name__}: {error}".partition("\n\n")[0]})
    sys.stdout.buffer.write(text)


if __name__ == "__main__":
    main()
