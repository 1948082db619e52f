"""One pass over a workflow: what all its parts share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from idp.embedded.workflows.nodes import GROUPS, LEAF, Nodes, is_done, parameters_of
from idp.embedded.workflows.spec import Template, WorkflowSpec
from idp.kernel.clock import parse_timestamp
from idp.kernel.resource import Manifest

MAX_NODES = 5000
MAX_DEPTH = 50


@dataclass(frozen=True)
class Observed:
    """What the engine has seen of the objects of started nodes.

    Attributes:
        objects: Node id -> the object as it is, None when it does not exist.
        done: Ids of nodes whose action the API has done. Only of this pass; after a restart
            actions that leave no trace are done again.
        failures: Node id -> why the API refused the node's action for good.
    """

    objects: Mapping[str, Manifest | None] = field(default_factory=dict)
    done: Set[str] = frozenset()
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """Something to do at the API, once the node that wants it is recorded.

    Attributes:
        node: Id of the node.
        verb: `create` of an object that is there already is no failure: the next pass looks whose
            it is. `delete` of one that is gone is none either.
        manifest: The object.
        own_rights: Whether the engine does it in its own name. Argo's controller creates pods
            itself; what a resource template asks for is done by the workflow's service account.
        uid: Deletes only the object of this uid; empty for whatever bears the name.
    """

    node: str
    verb: Literal["create", "apply", "patch", "delete"]
    manifest: Manifest
    own_rights: bool = False
    uid: str = ""


@dataclass(frozen=True)
class Call:
    """A template that is to be run as a node.

    Attributes:
        name: Name of the node.
        template: Name of the template.
        arguments: Its arguments.
        boundary: Id of the steps or dag node that it belongs to.
        display_name: For people.
        on_exit: Whether it belongs to the exit handler, which runs after a stop.
        depth: How many calls it is inside of.
        attempt: Number of the attempt, when a retry strategy runs it.
    """

    name: str
    template: str
    arguments: Mapping[str, str]
    boundary: str = ""
    display_name: str = ""
    on_exit: bool = False
    depth: int = 0
    attempt: int | None = None


@dataclass
class Run:
    """One pass. It changes `nodes`, and gathers `actions` and `wake_at`.

    Attributes:
        workflow: The workflow.
        spec: What to run; of templates referred to, as stored when it started.
        nodes: Its nodes.
        variables: `workflow.*`.
        observed: What was seen.
        now: The present moment.
        execute: Runs a call; the parts call each other through it.
        actions: What to do after the status is written.
        wake_at: When the next pass is due without any change; None for never.
    """

    workflow: Manifest
    spec: WorkflowSpec
    nodes: Nodes
    variables: dict[str, str]
    observed: Observed
    now: datetime
    execute: Callable[[Run, Call], Manifest | None]
    actions: list[Action] = field(default_factory=list)
    wake_at: datetime | None = None

    @property
    def name(self) -> str:
        """Name of the workflow."""
        return str(self.workflow["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Namespace of the workflow."""
        return str(self.workflow["metadata"].get("namespace") or "default")

    def wake(self, moment: datetime) -> None:
        """Ask for a pass at a moment; the earliest one asked for counts."""
        self.wake_at = moment if self.wake_at is None else min(self.wake_at, moment)

    def halted(self, on_exit: bool) -> str:
        """Why nothing new may start and what runs must end; empty while all is well."""
        if len(self.nodes) >= MAX_NODES:
            return f"workflow has more than {MAX_NODES} nodes"
        shutdown = self.spec.shutdown
        if shutdown == "Terminate" or (shutdown == "Stop" and not on_exit):
            return f"workflow shutdown with strategy: {shutdown}"
        limit = self.spec.active_deadline_seconds
        if limit is None or on_exit:
            return ""
        started = parse_timestamp(self.workflow["status"]["startedAt"])
        deadline = started + timedelta(seconds=limit)
        if self.now >= deadline:
            return f"workflow exceeded its deadline of {limit} s"
        self.wake(deadline)
        return ""

    def may_start(self, boundary: str, on_exit: bool) -> bool:
        """Whether a node may be started now, in the steps or dag of this id."""
        if self.spec.suspend or self.halted(on_exit):
            return False
        if self.spec.parallelism is not None:
            leaves = sum(n["type"] == LEAF and not is_done(n) for n in self.nodes)
            if leaves >= self.spec.parallelism:
                return False
        limit = self._parallelism(boundary)
        return limit is None or self._active_in(boundary) < limit

    def _active_in(self, boundary: str) -> int:
        return sum(
            n.get("boundaryID") == boundary and n["type"] not in GROUPS and not is_done(n)
            for n in self.nodes
        )

    def _parallelism(self, boundary: str) -> int | None:
        if not boundary:
            return None
        return self.spec.template(self.nodes.by_id(boundary)["templateName"]).parallelism

    def begin(
        self, call: Call, type: str, scope: Mapping[str, str], *, phase: str = "Running"
    ) -> Manifest:
        """The node of a call, started with the inputs that are in its scope."""
        prefix = "inputs.parameters."
        return self.nodes.start(
            call.name,
            type,
            boundary=call.boundary,
            template=call.template,
            display_name=call.display_name,
            phase=phase,
            inputs={k.removeprefix(prefix): v for k, v in scope.items() if k.startswith(prefix)},
        )

    def scope(self, call: Call, template: Template, inputs: Mapping[str, str]) -> dict[str, str]:
        """The variables inside a template."""
        scope = {**self.variables, "node.name": call.name, "pod.name": self.nodes.id(call.name)}
        scope |= {f"inputs.parameters.{name}": value for name, value in inputs.items()}
        if call.attempt is not None:
            scope["retries"] = str(call.attempt)
        return scope


def node_variables(prefix: str, node: Manifest) -> dict[str, str]:
    """What can be said about a node that ended, such as `steps.build.outputs.parameters.digest`."""
    variables = {
        f"{prefix}.id": node["id"],
        f"{prefix}.status": node["phase"],
        f"{prefix}.startedAt": node["startedAt"],
        f"{prefix}.finishedAt": node.get("finishedAt", ""),
    }
    outputs = node.get("outputs") or {}
    if "exitCode" in outputs:
        variables[f"{prefix}.exitCode"] = outputs["exitCode"]
    for name, value in parameters_of(node, "outputs").items():
        variables[f"{prefix}.outputs.parameters.{name}"] = value
    return variables
