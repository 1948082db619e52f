"""`python3 -m web`: serves on `PORT` until it is told to end."""

from __future__ import annotations

import os
import threading
from types import FrameType

import uvicorn

from web.application import application

DRAIN_SECONDS = 1.0


class Server(uvicorn.Server):
    """Goes on answering for a moment after SIGTERM, while the gateway learns that it leaves."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to end."""
        threading.Timer(DRAIN_SECONDS, super().handle_exit, (sig, frame)).start()


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8080"))
    Server(uvicorn.Config(application, host="", port=port, log_level="info")).run()
