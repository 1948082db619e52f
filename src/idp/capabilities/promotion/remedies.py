"""The commands that remedies name, complete, so that they can be pasted. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """An application in an environment."""

    application: str
    namespace: str
    environment: str

    def approve(self, accepts: Sequence[str] = ()) -> str:
        """Approve what waits, accepting gaps in the evidence by name."""
        return self._command("approve") + "".join(f" --accept {name}" for name in accepts)

    def promote(self) -> str:
        """Bring the newest release that may come."""
        return self._command("promote")

    def retry(self, promotion: str) -> str:
        """Try a promotion again that ended."""
        return self._of(promotion, "retry")

    def abort(self, promotion: str) -> str:
        """Stop a promotion."""
        return self._of(promotion, "abort") + ' --reason "..."'

    def watch(self) -> str:
        """Follow the newest promotion."""
        return self._command("promotion watch")

    def releases(self) -> str:
        """List the releases that are known."""
        return self._command("release list")

    def logs(self) -> str:
        """Read what the application says."""
        return self._command("logs")

    def _of(self, promotion: str, verb: str) -> str:
        return (
            f"idp-cli promotion {verb} {promotion} --environment {self.environment} "
            f"--namespace {self.namespace}"
        )

    def _command(self, verb: str) -> str:
        return (
            f"idp-cli {verb} {self.application} --environment {self.environment} "
            f"--namespace {self.namespace}"
        )
