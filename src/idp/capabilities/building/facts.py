"""What `idp.yaml` says about an application. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.errors import InvalidInput
from idp.kernel.strict_yaml import load_documents

FILE = "idp.yaml"
MAX_SIZE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Facts:
    """What a build wants to know.

    Attributes:
        name: Of the application.
        port: Where it listens unless told otherwise.
        command: How it starts; None leaves it to the build.
    """

    name: str
    port: int = 8080
    command: tuple[str, ...] | None = None


def read_facts(text: str | None, application: str) -> Facts:
    """The facts about one application.

    Args:
        text: Content of `idp.yaml`; None when there is none.
        application: Its name.

    Raises:
        InvalidInput: The file cannot be read, or describes other applications only.
        Invalid: The `WebApplication` in it breaks its schema; causes name each field.
    """
    if text is None:
        return Facts(application)
    found = [
        WebApplication.parse(document)
        for document in load_documents(text.encode(), name=FILE, limit=MAX_SIZE)
        if isinstance(document, dict) and document.get("kind") == WebApplication.__name__
    ]
    if not found:
        return Facts(application)
    for candidate in found:
        if candidate.name == application:
            command = candidate.spec.command
            return Facts(application, candidate.spec.port, tuple(command) if command else None)
    raise InvalidInput(
        f"{FILE} describes {', '.join(c.name for c in found)}, not {application}",
        remedy=f"Name the WebApplication in {FILE} {application}, as its repository.",
    )
