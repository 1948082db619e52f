"""Whether a spec can be rendered at all. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from idp.capabilities.applications.kinds import WebApplication
from idp.kernel import conditions
from idp.kernel.resource import Condition, Manifest

_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_.-]*$")
_MAX_VARIABLES_BYTES = 128 * 1024


def accepted(application: WebApplication, live: Sequence[Manifest]) -> Condition:
    """The condition `Accepted`: false with the first thing to change."""
    for problem in _problems(application, live):
        return problem
    return conditions.true("Accepted", "Valid", "The specification can be run.")


def _problems(application: WebApplication, live: Sequence[Manifest]) -> Iterable[Condition]:
    variables = application.spec.environment
    for name in sorted(variables):
        if name == "PORT" or name.startswith("IDP_"):
            remedy = f"Remove {name} from spec.environment."
            if name == "PORT":
                remedy = "Set spec.port instead; the platform gives it as PORT."
            yield _refused("ReservedVariable", f"{name} is set by the platform.", remedy)
        elif not _VARIABLE.match(name):
            yield _refused(
                "InvalidVariable",
                f"{name!r} is not a name of an environment variable.",
                "Use letters, digits and _, beginning with a letter or _.",
            )
    if sum(len(name) + len(value) for name, value in variables.items()) > _MAX_VARIABLES_BYTES:
        yield _refused(
            "TooManyVariables",
            "spec.environment is over 128 KiB.",
            "Put the values into an ApplicationConfiguration.",
        )
    for foreign in owned_elsewhere(application, live):
        kind, name = foreign["kind"], foreign["metadata"]["name"]
        yield _refused(
            "NameTaken",
            f"{kind} {name} exists and does not belong to this application.",
            f"Delete {kind} {name}, or give the application another name.",
        )


def owned_elsewhere(application: WebApplication, live: Sequence[Manifest]) -> list[Manifest]:
    """The live objects that this application does not own."""
    return [m for m in live if not _owned(application.metadata.uid, m)]


def _owned(uid: str, manifest: Manifest) -> bool:
    owners = manifest["metadata"].get("ownerReferences") or []
    return any(owner["uid"] == uid for owner in owners)


def _refused(reason: str, message: str, remedy: str) -> Condition:
    return conditions.false("Accepted", reason, message, remedy=remedy)
