"""Who may use a Git or registry repository: the port that both servers ask.

The servers know repositories and actions, not users or roles; the composition root answers. Every
request passes here, reads included, and an answer that cannot be had is a refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Service = Literal["git", "registry"]
Action = Literal["pull", "push", "attest", "delete"]
"""`pull` reads. `push` writes anything. `attest` writes only manifests that refer to another one
(OCI `subject`) and the blobs they need, and its own tags (`OwnTags`) for what is there. `delete`
removes."""


OwnTags = Callable[["Principal"], str]
"""How the tags begin that a principal with the right `attest` may give to manifests that are there;
empty for no tags."""

INSTANCE_PREFIX = "instance."
"""How the user names of platform instances begin; HTTP basic allows no colon in a name."""


_SHORT = {"development": "dev", "production": "prod"}


def environment_tag(environment: str, version: str = "") -> str:
    """The tag of what an environment verified, such as `prod-r12-3fa9c1d`.

    A tag is for people who look into a registry: it points where they expect, and proves nothing.
    """
    return f"{_SHORT.get(environment, environment)}-{version}"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, once that is proved.

    Attributes:
        name: User name, or `instance.<environment>` for a platform instance.
        groups: The groups that access rules may name.
        read_only: Whether the credential allows to look and nothing else.
    """

    name: str
    groups: tuple[str, ...] = ()
    read_only: bool = False


class RepositoryAccess(Protocol):
    """Proves who asks and decides what that principal may do."""

    async def authenticate(self, username: str, password: str) -> Principal | None:
        """The principal behind HTTP basic credentials; None when they are wrong."""
        ...

    async def allowed(
        self, principal: Principal | None, service: Service, repository: str, action: Action
    ) -> bool:
        """Whether `principal` (None: nobody) may do `action` to `repository` (`namespace/name`)."""
        ...
