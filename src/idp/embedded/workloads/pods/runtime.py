"""What all pods of the engine share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from idp.embedded.workloads.events import EventRecorder
from idp.embedded.workloads.images.ports import ImageSource
from idp.embedded.workloads.pods.limits import Limits
from idp.embedded.workloads.pods.ports import PortAllocator
from idp.embedded.workloads.pods.sandbox.detect import Features
from idp.embedded.workloads.settings import WorkloadSettings
from idp.kernel.client import Client
from idp.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Runtime:
    """What all pods of the engine share.

    Attributes:
        client: The API.
        data: The engine's folder.
        images: Where images come from.
        events: Tells what happened.
        features: What the sandbox can do here.
        limits: Holds containers to their limits.
        ports: Gives every pod its port.
        settings: Numbers.
        clock: The time.
    """

    client: Client
    data: Path
    images: ImageSource
    events: EventRecorder
    features: Features
    limits: Limits
    ports: PortAllocator
    settings: WorkloadSettings
    clock: Clock
