"""The application's configuration: one file of values, mounted by the platform."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml


def load_configuration() -> dict[str, Any]:
    """The values of this environment; empty when no file is mounted."""
    path = os.environ.get("IDP_CONFIGURATION")
    if not path or not Path(path).is_file():
        return {}
    values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return values if isinstance(values, dict) else {}
