"""`WebApplication`: a service that answers HTTP."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
Quantity = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?$")]
Host = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        max_length=253,
    ),
]
Repository = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][-a-z0-9]*/[a-z0-9][-a-z0-9]*$", max_length=128)
]

RELEASE_LABEL = "platform.idp/release"
"""Label of a WebApplication: the release that it was promoted with."""


class Source(Model):
    """Where the application's code is.

    Attributes:
        repository: Git repository as `namespace/name` on the platform's Git server.
        revision: Branch, tag or commit.
    """

    repository: Repository
    revision: str = Field(default="main", min_length=1, max_length=255)


class Health(Model):
    """How the platform asks whether the application can serve.

    Attributes:
        path: HTTP path that answers 2xx or 3xx when the application is ready; without one, a TCP
            connection is enough.
        period_seconds: Time between two questions.
        timeout_seconds: How long an answer may take.
        failure_threshold: Failures in a row after which the application counts as not ready.
        startup_seconds: How long it may take to start.
    """

    path: str | None = Field(default=None, pattern=r"^/")
    period_seconds: int = Field(default=5, ge=1, le=300)
    timeout_seconds: int = Field(default=2, ge=1, le=60)
    failure_threshold: int = Field(default=3, ge=1, le=100)
    startup_seconds: int = Field(default=60, ge=1, le=3600)


class Resources(Model):
    """What one replica gets.

    Attributes:
        cpu: Requested processor time.
        memory: Requested memory, which is also the limit.
    """

    cpu: Quantity = "50m"
    memory: Quantity = "256Mi"


class Communication(Model):
    """Who the application talks to.

    Attributes:
        tier: Layer of the application in its system.
        allowed_destinations: Applications it may call; unset allows all in its namespace.
        denied_destinations: Applications it must never call, whatever else allows it.
    """

    tier: Literal["frontend", "backend", "data"] | None = None
    allowed_destinations: list[Name] | None = Field(default=None, max_length=100)
    denied_destinations: list[Name] = Field(default_factory=list, max_length=100)


class PolicyBundle(Model):
    """A set of policies.

    Attributes:
        name: Name of the policy.
        bundle: Where it is, as a path in the platform's policy repository.
    """

    name: str
    bundle: str


class JwtValidation(Model):
    """Which tokens are accepted.

    Attributes:
        issuer: The `iss` claim that is demanded.
        audience: The `aud` claim that is demanded.
        claims_mapping: Name used in policies -> claim of the token.
    """

    issuer: str
    audience: str
    claims_mapping: dict[str, str] = Field(default_factory=dict)


class OpaIntegration(Model):
    """How policies are evaluated.

    Attributes:
        mode: Beside every replica, or in one place per instance.
        policies: The policies, all of which must allow.
        jwt_validation: Token checks before the policies.
    """

    mode: Literal["sidecar", "centralized"] = "sidecar"
    policies: list[PolicyBundle] = Field(default_factory=list)
    jwt_validation: JwtValidation | None = None


class Authorization(Model):
    """Whether requests must prove who makes them.

    Attributes:
        enabled: Refuse requests that the policies do not allow.
        opa_integration: The policies.
    """

    enabled: bool = False
    opa_integration: OpaIntegration | None = None


class Rollback(Model):
    """Whether what ran before can run again after this release did.

    Attributes:
        policy: `forbidden` when the release changes what cannot be changed back, a migration of
            its data for example: the platform then never reverts to what ran before.
        reason: Why it is forbidden; demanded then.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "!has(self.policy) || self.policy != 'forbidden' || "
                    "(has(self.reason) && self.reason != '')",
                    "message": "a forbidden rollback needs a reason",
                }
            ]
        }
    )

    policy: Literal["allowed", "forbidden"] = "allowed"
    reason: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _has_reason(self) -> Self:
        if self.policy == "forbidden" and not self.reason:
            raise ValueError("a forbidden rollback needs a reason")
        return self


class WebApplicationSpec(Model):
    """What is wanted. Only `image` or `source` is needed to run.

    Attributes:
        image: The image by digest: `registry/repository@sha256:...`.
        source: Where the code is; the platform builds it and sets `image` in each environment.
        command: Replaces the image's command.
        port: Port the application listens on; it is also given as `PORT`.
        replicas: How many; unset means 2 in uat and production and 1 elsewhere.
        environment: Environment variables; secrets do not belong here. `PORT` and names that
            begin with `IDP_` are the platform's own.
        configuration: Name of the ApplicationConfiguration; unset means `<name>-config` when
            that exists.
        health: How readiness is asked.
        resources: What one replica gets.
        hosts: Further host names besides `<name>.<environment>.localhost`.
        communication: Who the application talks to.
        authorization: Whether requests must prove who makes them.
        rollback: Whether what ran before can run again.
    """

    image: str | None = Field(
        default=None, pattern=r"^[^@\s]+@sha256:[0-9a-f]{64}$", max_length=512
    )
    source: Source | None = None
    command: list[str] | None = Field(default=None, min_length=1, max_length=256)
    port: int = Field(default=8080, ge=1024, le=65535)
    replicas: int | None = Field(default=None, ge=0, le=100)
    environment: dict[str, str] = Field(default_factory=dict, max_length=256)
    configuration: Name | None = None
    health: Health = Field(default_factory=Health)
    resources: Resources = Field(default_factory=Resources)
    hosts: list[Host] = Field(default_factory=list, max_length=32)
    communication: Communication = Field(default_factory=Communication)
    authorization: Authorization = Field(default_factory=Authorization)
    rollback: Rollback = Field(default_factory=Rollback)


class WebApplicationStatus(Status):
    """What is true.

    Attributes:
        url: Where the application answers.
        image: The image that all ready replicas really run, `repository@sha256:...`; empty while
            none is ready and while they differ, as during a rolling update.
        ready_replicas: Replicas that can serve.
        release: The release that is deployed, from the label that the promotion set.
    """

    url: str = ""
    image: str = ""
    ready_replicas: int = 0
    release: str = ""


class WebApplication(Resource[WebApplicationSpec, WebApplicationStatus]):
    """A service that answers HTTP: image or source in, running and reachable out."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="webapplications",
        short_names=("app", "apps", "webapp"),
        categories=("idp", "all"),
        columns=(
            PrinterColumn(
                name="Ready", path='.status.conditions[?(@.type=="Ready")].status', type="string"
            ),
            PrinterColumn(
                name="Reason", path='.status.conditions[?(@.type=="Ready")].reason', type="string"
            ),
            PrinterColumn(name="Release", path=".status.release"),
            PrinterColumn(name="URL", path=".status.url"),
        ),
        # The name becomes a Service, a host name and label values.
        validations=(
            (
                "self.metadata.name.size() <= 63"
                " && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                "metadata.name must be at most 63 characters of a-z, 0-9 and '-', beginning with a"
                " letter and not ending with '-'",
            ),
        ),
    )
