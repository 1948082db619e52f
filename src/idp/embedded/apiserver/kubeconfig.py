"""Kubeconfig files: how a client finds the server and proves who it is."""

from __future__ import annotations

from pathlib import Path

from idp.embedded.apiserver.access.files import replace_private


def write_kubeconfig(path: Path, text: str) -> None:
    """Write a file that only its owner can read (mode 0600)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_private(path, text.encode())
