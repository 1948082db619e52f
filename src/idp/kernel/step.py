"""Steps: the units of work of a pipeline.

A workflow creates a *step object* (its kind is given to `StepController`, the kernel knows none)
and waits for `status.phase`. `spec.uses` names the step, `spec.with` are its parameters. The
controller finds the `Step` of that name, checks the parameters against its model, calls `perform`
and writes what it answers into the status. `perform` is idempotent: it is called again after a
crash, after a retryable error and whenever it asked to be; a step that has ended is never called
again. A deadline that passes fails the step with what it was waiting for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from idp.kernel.controller import Watch
from idp.kernel.resource import Manifest, Model

Phase = Literal["Pending", "Running", "Succeeded", "Failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call of `perform` came to.

    Attributes:
        phase: `Running` asks to be called again, `Succeeded` and `Failed` end the step.
        message: What was done, what is waited for, or what went wrong and why.
        reason: CamelCase word for programs.
        remedy: What a person can do; empty when nothing is needed.
        outputs: Facts for later steps and for the record; JSON values.
        requeue_after: Seconds until the next call while `Running`; None waits 2 s.
    """

    phase: Phase
    message: str
    reason: str
    remedy: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    requeue_after: float | None = None


def succeeded(message: str, *, reason: str = "Done", **outputs: Any) -> Outcome:
    """The step is done."""
    return Outcome("Succeeded", message, reason, outputs=outputs)


def waiting(message: str, *, reason: str, remedy: str = "", after: float | None = None) -> Outcome:
    """The step waits for something; call again."""
    return Outcome("Running", message, reason, remedy, requeue_after=after)


def failed(message: str, *, reason: str, remedy: str, **outputs: Any) -> Outcome:
    """The step ended badly."""
    return Outcome("Failed", message, reason, remedy, outputs=outputs)


@dataclass(frozen=True, slots=True)
class StepRun:
    """One call of a step.

    Attributes:
        manifest: The step object as it is.
        namespace: Its namespace.
        name: Its name.
        uid: Its uid: the idempotency key of every outside effect of the step.
        report: Writes progress for the people who watch (what is being done or waited for).
    """

    manifest: Manifest
    namespace: str
    name: str
    uid: str
    report: Callable[[str], Awaitable[None]]


class Step(Protocol):
    """One step. One file holds it and its parameters, one test file shows it."""

    @property
    def uses(self) -> str:
        """The name by which pipelines use it."""
        ...

    @property
    def parameters(self) -> type[Model]:
        """The model of `spec.with`."""
        ...

    async def perform(self, run: StepRun, parameters: Any) -> Outcome:
        """Do the work, or look how far it is. `parameters` is an instance of `parameters`.

        Raises:
            IdpError: Retryable ones are tried again until the deadline; others fail the step
                with their message and remedy.
        """
        ...


@runtime_checkable
class WatchingStep(Protocol):
    """What a step may also have: kinds whose changes call it sooner than its next appointment."""

    @property
    def watches(self) -> Sequence[Watch]:
        """Each maps a changed object to the names of step objects that wait for it."""
        ...
