"""Whether and when a container starts again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from idp.embedded.workloads.pods.record import Terminated
from idp.kernel.clock import parse_timestamp

STOPPED = "PlatformStopped"
UNKNOWN = "ContainerStatusUnknown"
NO_CRASH = (STOPPED, UNKNOWN)


def starts_again(policy: str, ended: Terminated, *, init: bool) -> bool:
    """Whether a container that ended runs once more.

    Args:
        policy: `restartPolicy` of the pod.
        ended: How it ended.
        init: Init containers end well only once, whatever the policy.
    """
    failed = ended.exit_code != 0
    if policy == "Always" and not init:
        return True
    return failed and policy in ("Always", "OnFailure")


def delay(crashes: int, base: float, cap: float) -> float:
    """Seconds between an end and the next start: `base` after the first, doubling up to `cap`."""
    if crashes < 1:
        return 0.0
    return min(base * 2.0 ** min(crashes - 1, 60), cap)


def crashes_after(crashes: int, ended: Terminated, reset_seconds: float) -> int:
    """Crashes in a row once an attempt has ended; a long life forgives them.

    An end that was not the container's own doing (the platform or the machine was stopped) is no
    crash.
    """
    if ended.reason in NO_CRASH:
        return 0
    if not ended.started_at or not ended.finished_at:
        return crashes + 1
    lived = parse_timestamp(ended.finished_at) - parse_timestamp(ended.started_at)
    return 1 if lived >= timedelta(seconds=reset_seconds) else crashes + 1


def seconds_left(ended: Terminated, wait: float, now: datetime) -> float:
    """How much of a wait that began with an end remains; also after the engine's restart."""
    if not ended.finished_at:
        return wait
    return wait - (now - parse_timestamp(ended.finished_at)).total_seconds()
