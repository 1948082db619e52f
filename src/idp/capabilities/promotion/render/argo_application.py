"""The Argo CD `Application` that makes an application's directory run. Pure."""

from __future__ import annotations

from idp.capabilities.promotion.render.environment_files import directory
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest
from idp.kernel.standard import ARGO_APPLICATION

BRANCH = "main"


def environment_repository(environment: str) -> str:
    """Name of the repository that says what runs in an environment."""
    return f"environments/{environment}"


def argo_application(
    namespace: str, application: str, *, environment: str, git_url: str
) -> Manifest:
    """Synchronised by itself, with pruning and self-healing: Git is what runs."""
    return render(
        ARGO_APPLICATION,
        application,
        namespace,
        spec={
            "project": "default",
            "source": {
                "repoURL": f"{git_url}/git/{environment_repository(environment)}.git",
                "targetRevision": BRANCH,
                "path": directory(namespace, application),
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    )
