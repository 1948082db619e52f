"""What runs: ServiceAccount, Deployment, PodDisruptionBudget. Pure.

The pod keeps the `restricted` Pod Security Standard
(https://kubernetes.io/docs/concepts/security/pod-security-standards/), has no token of the API and
writes to nothing but `/tmp`.
"""

from __future__ import annotations

from idp.capabilities.applications.kinds import Health, WebApplication
from idp.capabilities.applications.render.names import (
    CONFIGURATION_FOLDER,
    CONTAINER,
    PORT_NAME,
    MountedConfiguration,
    labels,
    release,
    selector,
)
from idp.capabilities.configuration.kinds import CONFIGURATION_KEY, DIGEST_ANNOTATION
from idp.kernel.manifest import MANAGED_BY, render
from idp.kernel.resource import Manifest
from idp.kernel.standard import DEPLOYMENT, POD_DISRUPTION_BUDGET, SERVICE_ACCOUNT

_STARTUP_PERIOD_SECONDS = 1
_TERMINATION_GRACE_SECONDS = 30
_TEMPORARY_STORAGE = "256Mi"


def service_account(application: WebApplication) -> Manifest:
    """An identity of the application's own, with no token in its pods."""
    return render(
        SERVICE_ACCOUNT,
        application.name,
        application.namespace,
        labels=labels(application),
        automountServiceAccountToken=False,
    )


def pod_disruption_budget(application: WebApplication) -> Manifest:
    """Maintenance takes one replica at a time."""
    return render(
        POD_DISRUPTION_BUDGET,
        application.name,
        application.namespace,
        labels=labels(application),
        spec={"maxUnavailable": 1, "selector": {"matchLabels": selector(application)}},
    )


def deployment(
    application: WebApplication,
    image: str,
    *,
    replicas: int,
    environment: str,
    configuration: MountedConfiguration | None,
) -> Manifest:
    """The replicas; a change starts a new one before it stops an old one."""
    health = application.spec.health
    template_metadata: Manifest = {"labels": {**MANAGED_BY, **labels(application)}}
    if configuration is not None:
        template_metadata["annotations"] = {DIGEST_ANNOTATION: configuration.digest}
    return render(
        DEPLOYMENT,
        application.name,
        application.namespace,
        labels=labels(application),
        spec={
            "replicas": replicas,
            "revisionHistoryLimit": 5,
            "progressDeadlineSeconds": health.startup_seconds + 60,
            "selector": {"matchLabels": selector(application)},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "template": {
                "metadata": template_metadata,
                "spec": _pod(application, image, environment, configuration),
            },
        },
    )


def _pod(
    application: WebApplication,
    image: str,
    environment: str,
    configuration: MountedConfiguration | None,
) -> Manifest:
    volumes: list[Manifest] = [{"name": "tmp", "emptyDir": {"sizeLimit": _TEMPORARY_STORAGE}}]
    if configuration is not None:
        volumes.append(
            {"name": "configuration", "configMap": {"name": configuration.config_map}},
        )
    return {
        "serviceAccountName": application.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _TERMINATION_GRACE_SECONDS,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": selector(application)},
            }
        ],
        "containers": [_container(application, image, environment, configuration)],
        "volumes": volumes,
    }


def _container(
    application: WebApplication,
    image: str,
    environment: str,
    configuration: MountedConfiguration | None,
) -> Manifest:
    spec = application.spec
    mounts: list[Manifest] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108
    if configuration is not None:
        mounts.append(
            {"name": "configuration", "mountPath": CONFIGURATION_FOLDER, "readOnly": True}
        )
    container: Manifest = {
        "name": CONTAINER,
        "image": image,
        "ports": [{"name": PORT_NAME, "containerPort": spec.port, "protocol": "TCP"}],
        "env": _variables(application, environment, configuration),
        "resources": {
            "requests": {"cpu": spec.resources.cpu, "memory": spec.resources.memory},
            "limits": {"memory": spec.resources.memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        # The last lines of a crash come with the pod's status; the Ready condition quotes them.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
        **_probes(spec.health),
    }
    if spec.command is not None:
        container["command"] = spec.command
    return container


def _variables(
    application: WebApplication,
    environment: str,
    configuration: MountedConfiguration | None,
) -> list[Manifest]:
    """The application's own variables by name, then the platform's, which therefore win."""
    platform = {
        "PORT": str(application.spec.port),
        "IDP_APPLICATION": application.name,
        "IDP_ENVIRONMENT": environment,
        "IDP_RELEASE": release(application),
    }
    if configuration is not None:
        platform["IDP_CONFIGURATION"] = f"{CONFIGURATION_FOLDER}/{CONFIGURATION_KEY}"
    own = sorted((k, v) for k, v in application.spec.environment.items() if k not in platform)
    return [{"name": name, "value": value} for name, value in [*own, *platform.items()]]


def _probes(health: Health) -> Manifest:
    """Startup, then readiness. Liveness is a TCP connection: a busy application is not killed."""
    return {
        "startupProbe": {
            **_question(health.path),
            "periodSeconds": _STARTUP_PERIOD_SECONDS,
            "timeoutSeconds": health.timeout_seconds,
            "failureThreshold": health.startup_seconds // _STARTUP_PERIOD_SECONDS,
        },
        "readinessProbe": {
            **_question(health.path),
            "periodSeconds": health.period_seconds,
            "timeoutSeconds": health.timeout_seconds,
            "failureThreshold": health.failure_threshold,
        },
        "livenessProbe": {
            **_question(None),
            "periodSeconds": health.period_seconds,
            "timeoutSeconds": health.timeout_seconds,
            "failureThreshold": health.failure_threshold + 3,
        },
    }


def _question(path: str | None) -> Manifest:
    if path is None:
        return {"tcpSocket": {"port": PORT_NAME}}
    return {"httpGet": {"path": path, "port": PORT_NAME}}
