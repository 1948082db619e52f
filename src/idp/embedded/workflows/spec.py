"""The part of Argo's Workflow that this engine runs, as models.

Unknown fields are refused: a field that is accepted and not acted upon would be a promise that
nobody keeps. Field reference: https://argo-workflows.readthedocs.io/en/latest/fields/
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from idp.kernel.errors import Cause, Invalid
from idp.kernel.resource import Manifest, Model


def _as_text(value: Any) -> Any:
    """Argo's `AnyString`: numbers and booleans are read as their text."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return value


AnyString = Annotated[str, BeforeValidator(_as_text)]
FieldName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][-a-zA-Z0-9_]*$", max_length=128)]


class ValueFrom(Model):
    """Where a parameter's value comes from.

    Attributes:
        json_path: Of the object of a `resource` template.
        parameter: A reference to the output of a step or task.
        supplied: Given by whoever resumes a `suspend` template.
        default: When the source has none.
    """

    json_path: str | None = None
    parameter: str | None = None
    supplied: dict[str, Any] | None = None
    default: AnyString | None = None


class Parameter(Model):
    """A named string."""

    name: FieldName
    value: AnyString | None = None
    default: AnyString | None = None
    description: str | None = None
    enum: list[AnyString] | None = None
    value_from: ValueFrom | None = None


class Parameters(Model):
    """Arguments, inputs or outputs; artifacts are not supported."""

    parameters: list[Parameter] = Field(default_factory=list)


class Backoff(Model):
    """How long to wait between attempts; durations such as `30` (seconds), `2m`, `1h30m`."""

    duration: AnyString
    factor: AnyString | None = None
    max_duration: AnyString | None = None
    cap: AnyString | None = None


class RetryStrategy(Model):
    """When a failed template is tried again; `limit` None has no limit."""

    limit: AnyString | None = None
    retry_policy: Literal["Always", "OnFailure", "OnError"] = "OnFailure"
    backoff: Backoff | None = None


class ContinueOn(Model):
    """Which ends of a step do not fail what contains it."""

    error: bool = False
    failed: bool = False


class Step(Model):
    """A call of a template, in `steps`."""

    name: FieldName
    template: str
    arguments: Parameters = Field(default_factory=Parameters)
    when: str | None = None
    with_items: list[Any] | None = Field(default=None, max_length=1000)
    with_param: str | None = None
    continue_on: ContinueOn = Field(default_factory=ContinueOn)


class Task(Step):
    """A call of a template, in a `dag`."""

    dependencies: list[str] = Field(default_factory=list)
    depends: str | None = None


class Dag(Model):
    """Tasks with dependencies; `target` names the tasks that must end, space-separated."""

    tasks: list[Task] = Field(min_length=1)
    target: str | None = None
    fail_fast: bool = True


class ResourceAction(Model):
    """One verb on one object of the API."""

    action: Literal["create", "apply", "patch", "delete", "get"]
    manifest: str = Field(max_length=256 * 1024)
    merge_strategy: Literal["merge"] | None = None
    set_owner_reference: bool = False
    success_condition: str | None = None
    failure_condition: str | None = None


class Suspend(Model):
    """Waits for a person, or for a duration."""

    duration: AnyString | None = None


class Template(Model):
    """One template; exactly one of `steps` to `script` is set."""

    name: FieldName
    inputs: Parameters = Field(default_factory=Parameters)
    outputs: Parameters = Field(default_factory=Parameters)
    steps: list[list[Step]] | None = None
    dag: Dag | None = None
    resource: ResourceAction | None = None
    suspend: Suspend | None = None
    container: dict[str, Any] | None = None
    script: dict[str, Any] | None = None
    retry_strategy: RetryStrategy | None = None
    active_deadline_seconds: AnyString | None = None
    timeout: AnyString | None = None
    parallelism: int | None = Field(default=None, ge=1)
    service_account_name: str | None = None
    security_context: dict[str, Any] | None = None
    volumes: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def kind(self) -> str:
        """Which of its forms is set."""
        forms = ("steps", "dag", "resource", "suspend", "container", "script")
        return " and ".join(form for form in forms if getattr(self, form) is not None)

    def called(self) -> list[Step]:
        """Its calls of other templates."""
        if self.dag is not None:
            return list(self.dag.tasks)
        return [step for group in self.steps or [] for step in group]


class TtlStrategy(Model):
    """When a finished workflow is deleted."""

    seconds_after_completion: int | None = Field(default=None, ge=0)
    seconds_after_success: int | None = Field(default=None, ge=0)
    seconds_after_failure: int | None = Field(default=None, ge=0)


class TemplateRef(Model):
    """The WorkflowTemplate or ClusterWorkflowTemplate that a workflow runs."""

    name: str
    cluster_scope: bool = False


class WorkflowSpec(Model):
    """What to run."""

    entrypoint: str = ""
    arguments: Parameters = Field(default_factory=Parameters)
    templates: list[Template] = Field(default_factory=list)
    on_exit: str | None = None
    parallelism: int | None = Field(default=None, ge=1)
    active_deadline_seconds: int | None = Field(default=None, ge=0)
    ttl_strategy: TtlStrategy | None = None
    service_account_name: str | None = None
    security_context: dict[str, Any] | None = None
    volumes: list[dict[str, Any]] = Field(default_factory=list)
    workflow_template_ref: TemplateRef | None = None
    suspend: bool | None = None
    shutdown: Literal["Stop", "Terminate"] | None = None

    def template(self, name: str) -> Template:
        """The template of a name; validation has seen to it that it exists."""
        return next(template for template in self.templates if template.name == name)


def parse_spec(spec: Manifest) -> WorkflowSpec:
    """Read a Workflow's spec.

    Raises:
        Invalid: A field is unknown to this engine or of the wrong type; the message names it.
    """
    try:
        return WorkflowSpec.model_validate(spec)
    except ValidationError as error:
        # Fields that are not supported first: what else is amiss often follows from them.
        errors = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        causes = [_cause(e["loc"], e["type"], e["msg"]) for e in errors]
        raise Invalid(
            "; ".join(f"{cause.field}: {cause.message}" for cause in causes),
            remedy="Leave these fields out; this engine refuses what it does not act upon.",
            causes=causes,
        ) from error


def _cause(location: tuple[int | str, ...], kind: str, message: str) -> Cause:
    path = ".".join(["spec", *(str(part) for part in location)])
    return Cause(path, "not supported" if kind == "extra_forbidden" else message)


def merge_specs(own: Manifest, template: Manifest) -> Manifest:
    """A workflow's spec over that of the template it refers to; arguments merge by name."""
    merged = {**template, **{k: v for k, v in own.items() if k != "workflowTemplateRef"}}
    values = {
        parameter.get("name"): parameter
        for spec in (template, own)
        for parameter in (spec.get("arguments") or {}).get("parameters") or []
    }
    if values:
        merged["arguments"] = {**(merged.get("arguments") or {}), "parameters": [*values.values()]}
    return merged
