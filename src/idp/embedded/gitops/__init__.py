"""Argo CD `Application`s of directories of YAML: what is in Git is what runs.

`engine.GitOpsEngine` is the engine, `definitions` its CustomResourceDefinitions. README.md has the
order of work.
"""

from idp.embedded.gitops.definitions import custom_resource_definitions
from idp.embedded.gitops.engine import GitOpsEngine

__all__ = ["GitOpsEngine", "custom_resource_definitions"]
