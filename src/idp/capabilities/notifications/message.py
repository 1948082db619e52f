"""What is told, before it has a shape. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from idp.capabilities.notifications.kinds import EventName

_TITLES: dict[EventName, str] = {
    "PromotionWaiting": "{application} waits for approval to {environment}",
    "PromotionSucceeded": "{application} runs in {environment}",
    "PromotionFailed": "{application} did not reach {environment}",
    "RolledBack": "{application} was rolled back in {environment}",
    "FindingsOverLimit": "Findings keep {application} out of {environment}",
    "EmergencyOverride": "Rules were overridden for {application} in {environment}",
}
GOOD: tuple[EventName, ...] = ("PromotionSucceeded",)
URGENT: tuple[EventName, ...] = ("PromotionFailed", "EmergencyOverride")


@dataclass(frozen=True, slots=True)
class Message:
    """One event of one promotion.

    Attributes:
        id: The same for the same event, always; receivers tell repetitions by it.
        event: What happened.
        environment: Where.
        namespace: Of the application.
        application: Its name.
        promotion: Name of the Promotion.
        release: Name of the Release; empty for a rollback.
        initiator: Who started it.
        text: What the platform says about it.
        remedy: What a person can do; may be empty.
        time: When it was noticed, RFC 3339.
    """

    id: str
    event: EventName
    environment: str
    namespace: str
    application: str
    promotion: str
    release: str
    initiator: str
    text: str
    remedy: str
    time: str

    @property
    def title(self) -> str:
        """One line for people."""
        return _TITLES[self.event].format(
            application=self.application, environment=self.environment
        )

    def facts(self) -> list[tuple[str, str]]:
        """Names and values in the order in which they are shown; without empty ones."""
        found = [
            ("Application", f"{self.namespace}/{self.application}"),
            ("Environment", self.environment),
            ("Promotion", self.promotion),
            ("Release", self.release),
            ("Started by", self.initiator),
            ("Next", self.remedy),
        ]
        return [(name, value) for name, value in found if value]

    def as_json(self) -> dict[str, Any]:
        """Every field by name."""
        return asdict(self)
