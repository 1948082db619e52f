"""Dependency layers that were made before.

A file per key, with what is known about it beside. Files appear by rename, so a build that dies
leaves nothing half; the digest is checked when a layer is read, so a damaged one is made anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import orjson

from idp.capabilities.building.layers import Layer

_MAX_BYTES = 4 * 2**30


@dataclass(frozen=True, slots=True)
class LayerCache:
    """Layers by key. All methods block: call them in a thread.

    Attributes:
        folder: Where they are; nobody else writes there.
    """

    folder: Path

    def get(self, key: str) -> Layer | None:
        """A layer that was made before."""
        path = self.folder / f"{key}.tar.gz"
        try:
            known = orjson.loads(path.with_suffix(".json").read_bytes())
            os.utime(path)
            layer = Layer(path, known["digest"], known["diffId"], known["size"])
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
            return None
        return layer if path.stat().st_size == layer.size else None

    def put(self, key: str, layer: Layer) -> Layer:
        """Keep a layer; its file moves into the cache."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{key}.tar.gz"
        known = {"digest": layer.digest, "diffId": layer.diff_id, "size": layer.size}
        description = layer.path.with_suffix(".json")
        description.write_bytes(orjson.dumps(known))
        layer.path.rename(path)
        description.rename(path.with_suffix(".json"))
        self._forget_oldest()
        return Layer(path, layer.digest, layer.diff_id, layer.size)

    def drop(self, key: str) -> None:
        """Forget a layer that turned out to be damaged."""
        for suffix in (".tar.json", ".tar.gz"):
            (self.folder / f"{key}{suffix}").unlink(missing_ok=True)

    def _forget_oldest(self) -> None:
        """Keep the cache below its size; the newest layer always stays."""
        layers = sorted(
            self.folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True
        )
        total = 0
        for position, path in enumerate(layers):
            total += path.stat().st_size
            if position and total > _MAX_BYTES:
                path.with_suffix(".json").unlink(missing_ok=True)
                path.unlink(missing_ok=True)
