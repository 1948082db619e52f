"""What is true of an application, and what may be done. Pure.

Before anything is rendered, `plan` answers whether the application's present spec may be rolled
out, by these rules in this order:

1. *Accepted*: the spec can be rendered, and no object of the same name belongs to somebody else.
2. *ConfigurationReady*: the configuration that it mounts is delivered, in its present version.
3. *Admitted*: where the instance demands it, the image is that of an admitted release.

While one does not hold nothing is touched: what runs keeps running. Afterwards `readiness.ready`
says whether what runs is what is wanted, and if not, the cause that a person can act upon.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from idp.capabilities.applications.decide.acceptance import accepted, owned_elsewhere
from idp.capabilities.applications.decide.admission import admitted
from idp.capabilities.applications.decide.configuration import ConfigurationState, configuration
from idp.capabilities.applications.decide.enforcement import enforced
from idp.capabilities.applications.decide.hosts import available_hosts, hosts_available
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.applications.render import MountedConfiguration
from idp.kernel.resource import Condition, Manifest

__all__ = ["Observed", "Plan", "owned_elsewhere", "plan"]


@dataclass(frozen=True)
class Observed:
    """What a reconciliation has read.

    Attributes:
        live: The objects that bear the application's name, whoever made them.
        applications: All applications of the instance, this one included.
        configuration: The ApplicationConfiguration that the application uses, if it exists.
        config_map: Its ConfigMap, if it exists.
        releases: The releases of the namespace; None when the instance does not demand one.
        enforces: What some component of this instance enforces: `authorization`, `communication`.
    """

    live: list[Manifest] = field(default_factory=list)
    applications: list[Manifest] = field(default_factory=list)
    configuration: Manifest | None = None
    config_map: Manifest | None = None
    releases: list[Manifest] | None = None
    enforces: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """What may be done.

    Attributes:
        roll_out: Whether to apply what is rendered; otherwise everything stays as it is.
        hosts: Host names to claim.
        configuration: The file to mount.
        conditions: All but `Ready`.
    """

    roll_out: bool
    hosts: list[str]
    configuration: MountedConfiguration | None
    conditions: list[Condition]


def plan(application: WebApplication, environment: str, observed: Observed) -> Plan:
    """Decide whether and how the present spec is rolled out."""
    hosts = available_hosts(application, environment, observed.applications)
    state: ConfigurationState = configuration(
        application, observed.configuration, observed.config_map
    )
    gates = [
        accepted(application, observed.live),
        state.condition,
        admitted(application, observed.releases),
    ]
    further = [hosts_available(application, environment, hosts)]
    if (enforcement := enforced(application, observed.enforces)) is not None:
        further.append(enforcement)
    return Plan(
        roll_out=all(condition.status == "True" for condition in gates),
        hosts=hosts,
        configuration=state.mounted,
        conditions=[*gates, *further],
    )
