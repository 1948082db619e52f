"""`retryStrategy`: a failed template is tried again, as a further child of a Retry node."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from idp.embedded.workflows.decide.run import Call, Run
from idp.embedded.workflows.durations import parse_duration
from idp.embedded.workflows.nodes import UNSUCCESSFUL, finished_at, is_done, started_at
from idp.embedded.workflows.nodes import parameters_of as parameters
from idp.embedded.workflows.spec import Backoff, RetryStrategy
from idp.kernel.resource import Manifest

_LONGEST = timedelta(days=365)


def run_with_retries(
    run: Run,
    call: Call,
    strategy: RetryStrategy,
    inputs: Mapping[str, str],
    scope: Mapping[str, str],
) -> Manifest:
    """Run the newest attempt, and start another one when it failed and may be repeated."""
    node = run.begin(call, "Retry", scope)
    attempts = _attempts(run, call.name)
    last = _attempt(run, call, inputs, max(len(attempts) - 1, 0))
    if last is None or not is_done(last):
        return node
    attempts = _attempts(run, call.name)
    run.nodes.link(node, last)
    if last["phase"] not in UNSUCCESSFUL:
        return run.nodes.finish(node, last["phase"], outputs=parameters(last, "outputs"))
    if reason := run.halted(call.on_exit):
        return run.nodes.finish(node, last["phase"], reason)
    if message := gives_up(strategy, attempts, run.now):
        return run.nodes.finish(node, last["phase"], f"{message}: {last.get('message', '')}")
    due = next_attempt_at(strategy.backoff, attempts)
    if run.now < due:
        node["message"] = f"Backoff until {due.isoformat()}"
        run.wake(due)
        return node
    node.pop("message", None)
    further = _attempt(run, call, inputs, len(attempts))
    if further is not None:
        run.nodes.link(node, further)
    return node


def _attempts(run: Run, name: str) -> list[Manifest]:
    found: list[Manifest] = []
    while (attempt := run.nodes.find(f"{name}({len(found)})")) is not None:
        found.append(attempt)
    return found


def _attempt(run: Run, call: Call, inputs: Mapping[str, str], number: int) -> Manifest | None:
    return run.execute(
        run,
        dataclasses.replace(
            call,
            name=f"{call.name}({number})",
            display_name=f"{call.display_name or call.name}({number})",
            arguments=inputs,
            attempt=number,
        ),
    )


def gives_up(strategy: RetryStrategy, attempts: Sequence[Manifest], now: datetime) -> str:
    """Why there is no further attempt after these, the last of which failed; empty if there is."""
    wanted = {"OnFailure": ("Failed",), "OnError": ("Error",), "Always": ("Failed", "Error")}
    if attempts[-1]["phase"] not in wanted[strategy.retry_policy]:
        return f"not retried (retryPolicy {strategy.retry_policy})"
    if strategy.limit is not None and len(attempts) > int(strategy.limit):
        return "No more retries left"
    backoff = strategy.backoff
    if backoff is not None and backoff.max_duration is not None:
        deadline = started_at(attempts[0]) + parse_duration(backoff.max_duration)
        if now > deadline:
            return "Max duration limit exceeded"
        if next_attempt_at(backoff, attempts) > deadline:
            return "Backoff would exceed max duration limit"
    return ""


def next_attempt_at(backoff: Backoff | None, attempts: Sequence[Manifest]) -> datetime:
    """When the attempt after these is due: `duration * factor^(number of retries so far)`."""
    ended = finished_at(attempts[-1])
    if backoff is None:
        return ended
    wait = parse_duration(backoff.duration)
    cap = parse_duration(backoff.cap) if backoff.cap is not None else _LONGEST
    for _ in attempts[1:]:
        if wait >= cap or backoff.factor is None:  # the cap also keeps the product small
            break
        wait *= float(backoff.factor)
    return ended + min(wait, cap)
