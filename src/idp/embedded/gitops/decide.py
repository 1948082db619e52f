"""Whether to sync now. Pure.

Rules, in order; the first that fits decides:

1. An operation that a person asked for starts, also in place of one that started by itself.
2. An operation that runs goes on. After a failed attempt it waits for its backoff, unless Git has
   moved meanwhile: then the next attempt is of the new revision, at once.
3. Nothing is started by itself unless the application is `automated` and something differs: an
   object that Git wants, or (with `prune`) one that it does not want any more.
4. Nothing wanted at all, and something there: refused, unless `allowEmpty`.
5. The same revision was synced before: with `selfHeal` again, at most every few seconds, so that
   two parties who disagree on a field do not spin; after a failure at the longest backoff.
   Without `selfHeal` not again, until Git moves or a person asks.
6. Otherwise an automated operation starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from idp.embedded.gitops.application import Application
from idp.embedded.gitops.compare import Compared
from idp.embedded.gitops.operation import Operation, OperationState, automated_operation
from idp.kernel.resource import Manifest


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do; `problem` says why although something differs."""

    problem: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again in so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """Sync now, as a part of this operation."""

    state: OperationState


Decision = Idle | Wait | Attempt


def decide(
    application: Application,
    *,
    source: Manifest,
    requested: Operation | None,
    state: OperationState | None,
    revision: str,
    compared: Sequence[Compared],
    now: datetime,
    self_heal_seconds: float,
) -> Decision:
    """Decide by the rules above.

    Args:
        source: `spec.source`, to notice that it changed.
        requested: The operation that a person asked for.
        state: The last operation.
        revision: The commit that `compared` is of.
    """
    if state is not None and state.running and current(requested, state) == state.operation:
        return _go_on(application, state, revision, now)
    if requested is not None:
        return Attempt(OperationState(requested, "Running", "", started=now))
    if not application.automated or not _differs(application, compared):
        return Idle()
    if not application.allow_empty and all(c.extraneous for c in compared):
        return Idle(
            "nothing is left in Git and everything would be deleted: set "
            "spec.syncPolicy.automated.allowEmpty when that is meant"
        )
    start = Attempt(
        OperationState(automated_operation(application, revision), "Running", "", started=now)
    )
    if state is None or (state.revision, state.source) != (revision, source):
        return start
    if not application.self_heal:
        return Idle(_left_alone(state))
    pause = self_heal_seconds if state.phase == "Succeeded" else application.retry.longest
    return _after(pause, state, now) or start


def current(requested: Operation | None, state: OperationState | None) -> Operation | None:
    """The operation that is worked on, or would be; None when there is none."""
    running = state.operation if state is not None and state.running else None
    if running is None or (requested is not None and running.automated):
        return requested
    return running


def _go_on(
    application: Application, state: OperationState, revision: str, now: datetime
) -> Decision:
    if state.retries == 0 or state.attempted is None:
        return Attempt(state)
    if state.operation.automated and state.revision != revision:
        fresh = automated_operation(application, revision)
        return Attempt(OperationState(fresh, "Running", "", started=now))
    return _after(application.retry.delay(state.retries), state, now) or Attempt(state)


def _after(pause: float, state: OperationState, now: datetime) -> Wait | None:
    passed = (now - (state.attempted or state.started)).total_seconds()
    return Wait(pause - passed) if passed < pause else None


def _differs(application: Application, compared: Sequence[Compared]) -> bool:
    return any(
        not c.synced and (not c.extraneous or (application.prune and c.prune)) for c in compared
    )


def _left_alone(state: OperationState) -> str:
    if state.phase == "Succeeded":
        return ""
    return (
        f"the sync of {state.revision[:12]} failed and is not tried again by itself: "
        f"{state.message}"
    )


def after_failure(application: Application, state: OperationState) -> OperationState:
    """Try again later while the retry policy allows it."""
    retries, limit = state.retries + 1, application.retry.limit
    if 0 <= limit < retries:
        return state
    delay = application.retry.delay(retries)
    message = f"{state.message} (attempt {retries + 1} in {delay:g} s)"
    return replace(state, phase="Running", retries=retries, message=message)


def pause_after(application: Application, state: OperationState, poll: float) -> float:
    """Seconds until the application is looked at again when nothing changes meanwhile."""
    if state.running and state.retries and state.attempted is not None:
        return min(poll, application.retry.delay(state.retries))
    return min(poll, 1.0) if state.running else poll
