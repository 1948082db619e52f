"""What a gate of a `PromotionPipeline` may be. One rule per kind of gate."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue, StringConstraints
from pydantic.alias_generators import to_camel

from idp.kernel.resource import Model

GateName = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=40)]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Endpoint = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@#]+$", max_length=1024)]
Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
WEEKDAYS: tuple[Weekday, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class SoakRule(Model):
    """The release must have been verified in the previous environment for some time.

    Attributes:
        minutes: Since the previous environment signed that it verified the release.
    """

    minutes: int = Field(ge=1, le=90 * 24 * 60)


class WindowHours(Model):
    """Hours of some days of the week.

    Attributes:
        days: Days on which the window begins.
        start: Time of day, `09:00`.
        end: Time of day, `17:00`; not after `start` means on the next day.
    """

    days: list[Weekday] = Field(min_length=1, max_length=7)
    start: ClockTime = "00:00"
    end: ClockTime = "00:00"


class WindowException(Model):
    """Days on which no window begins.

    Attributes:
        first: First day.
        last: Last day; unset means that day only.
        reason: Why.
    """

    first: date
    last: date | None = None
    reason: str = Field(default="", max_length=200)


class WindowRule(Model):
    """When the environment may change.

    Attributes:
        zone: IANA time zone in which days and times are meant, such as `Europe/Zurich`.
        open: The window; any of them.
        closed: Days on which none of them begins.
    """

    zone: str = Field(default="UTC", pattern=r"^[A-Za-z0-9_+/-]{1,64}$")
    open: list[WindowHours] = Field(min_length=1, max_length=20)
    closed: list[WindowException] = Field(default_factory=list, max_length=100)


class PerformanceRule(Model):
    """The release must answer about as well as what ran before it.

    The revision that runs is measured before the commit, the release after it has been verified.

    Attributes:
        path: What is asked through the gateway.
        requests: How many times.
        max_error_ratio: Share of answers that may be neither 2xx nor 3xx, 0 to 1; what ran before
            may have been worse, then its share counts.
        max_latency_ratio: How many times as long the 95th percentile may be.
        floor_milliseconds: A 95th percentile below this is good enough whatever ran before.
    """

    path: str = Field(default="/", pattern=r"^/[!-~]*$", max_length=512)
    requests: int = Field(default=20, ge=5, le=500)
    max_error_ratio: float = Field(default=0.0, ge=0, le=1)
    max_latency_ratio: float = Field(default=2.0, ge=1, le=100)
    floor_milliseconds: float = Field(default=50.0, ge=0, le=60_000)


class ChangeRecordRule(Model):
    """A change record must be approved in another system.

    Attributes:
        system: Shape of its API: `generic` (the platform's own), `servicenow` (Table API,
            `change_request`), `jira` (issues).
        url: Base address of the system; its host must be among `egress` of the pipeline.
        secret: Secret in the namespace `idp-system` with `username` and `password`, or `token`.
        project: For `jira`, the key of the project in which issues are made.
        issue_type: For `jira`, their type.
        approved: For `jira`, names of the statuses that approve.
        rejected: For `jira`, names of the statuses that reject.
    """

    system: Literal["generic", "servicenow", "jira"] = "generic"
    url: Endpoint
    secret: GateName
    project: str = Field(default="", pattern=r"^[A-Z0-9_]{0,40}$")
    issue_type: str = Field(default="Change", max_length=80)
    approved: list[str] = Field(default=["Approved"], min_length=1, max_length=20)
    rejected: list[str] = Field(default=["Rejected", "Declined"], min_length=1, max_length=20)


class RegoRule(Model):
    """A module of one's own: it opens when `data.idp.gate.allow` is true.

    Attributes:
        module: Its text, `package idp.gate`. Texts in the set `reasons` say why it does not open.
    """

    module: str = Field(min_length=1, max_length=64 * 1024)


class CelRule(Model):
    """An expression of one's own in CEL: it opens when it is true.

    Attributes:
        expression: Its text, over the same facts as Rego's `input`.
        message: What is waited for while it is false.
    """

    expression: str = Field(min_length=1, max_length=8192)
    message: str = Field(default="", max_length=500)


class HttpRule(Model):
    """A service of one's own: it opens when that answers `{"allow": true}`.

    Attributes:
        url: Where the facts are posted; its host must be among `egress` of the pipeline.
        secret: Secret in the namespace `idp-system` whose `key` signs the request (HMAC-SHA256).
        timeout_seconds: How long one answer may take.
    """

    url: Endpoint
    secret: GateName
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)


class WorkflowRule(Model):
    """A workflow of one's own: it opens when that succeeds.

    Attributes:
        template: Name of the Argo ClusterWorkflowTemplate. It gets the parameters `application`,
            `namespace`, `environment`, `image`, `version` and `release-digest`.
    """

    template: str = Field(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=200)


RULES = (
    "soak",
    "window",
    "performance",
    "change_record",
    "rego",
    "cel",
    "http",
    "workflow",
)
"""Fields of `Gate` of which exactly one is set."""


_ONE_RULE = " + ".join(f"(has(self.{to_camel(rule)}) ? 1 : 0)" for rule in RULES) + " == 1"
_VALIDATIONS: list[JsonValue] = [
    {"rule": _ONE_RULE, "message": "a gate has exactly one rule"},
    {"rule": "self.name != 'freeze'", "message": "the gate freeze is the platform's own"},
]


class Gate(Model):
    """One thing that must hold before the commit; exactly one rule is set.

    Attributes:
        name: Its name, in what is reported.
        deadline_hours: After how many hours of waiting the promotion fails.
        overridable: Whether an emergency override opens it. Soak times, windows and change records
            always are; the performance of a release is measured in any case.
        soak: Time in the previous environment.
        window: Times at which the environment may change.
        performance: Errors and latency beside the running revision.
        change_record: A record in another system.
        rego: A Rego module.
        cel: A CEL expression.
        http: A service.
        workflow: A workflow.
    """

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-validations": _VALIDATIONS})

    name: GateName
    deadline_hours: int = Field(default=168, ge=1, le=24 * 60)
    overridable: bool = False
    soak: SoakRule | None = None
    window: WindowRule | None = None
    performance: PerformanceRule | None = None
    change_record: ChangeRecordRule | None = None
    rego: RegoRule | None = None
    cel: CelRule | None = None
    http: HttpRule | None = None
    workflow: WorkflowRule | None = None

    @property
    def rules(self) -> dict[str, Model]:
        """The rules that are set, by the name of their field."""
        found = {name: getattr(self, name) for name in RULES}
        return {name: rule for name, rule in found.items() if rule is not None}


class Egress(Model):
    """A host that gates may talk to.

    Attributes:
        host: Its name, with a port when that is not the scheme's own: `changes.example.com:8443`.
        private: Whether it may be reached without TLS, and at loopback and private addresses.
    """

    host: str = Field(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:[0-9]{1,5})?$", max_length=255)
    private: bool = False


class HotfixRule(Model):
    """The expedited way.

    Attributes:
        allowed: Whether there is one.
        verified_in: Environments that must have verified a hotfix, instead of the previous one.
        validate_in: Environments that must verify it afterwards; its review cannot be closed
            before.
    """

    allowed: bool = False
    verified_in: list[GateName] = Field(default_factory=list, max_length=10)
    validate_in: list[GateName] = Field(default_factory=list, max_length=10)


class EmergencyRule(Model):
    """What an emergency override may do.

    Attributes:
        allowed: Whether there is one.
        hours: How long an override counts.
        review_days: In how many days somebody else must have reviewed it.
    """

    allowed: bool = True
    hours: int = Field(default=4, ge=1, le=72)
    review_days: int = Field(default=5, ge=1, le=90)


class Requirement(Model):
    """Approvals by people of a kind; one person fills one place.

    Attributes:
        required: How many.
        group: Members of this group.
        role: People to whom this ClusterRole is bound, in the namespace or the cluster.
        users: These people. A requirement with several of these takes who fits any.
    """

    required: int = Field(default=1, ge=1, le=20)
    group: str = Field(default="", max_length=256)
    role: str = Field(default="", max_length=200)
    users: list[str] = Field(default_factory=list, max_length=100)

    @property
    def words(self) -> str:
        """Who is meant, for people."""
        parts = [self.group, f"role {self.role}" if self.role else "", *self.users]
        return " or ".join(part for part in parts if part) or "anybody"
