"""What the application answers: `/` a page, `/healthz` whether it can serve."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import Any

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route


def configuration() -> dict[str, Any]:
    """This environment's values, from the file that the platform mounts; empty without one."""
    path = os.environ.get("IDP_CONFIGURATION")
    if not path or not Path(path).is_file():
        return {}
    values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return values if isinstance(values, dict) else {}


async def page(_request: Request) -> Response:
    """The page."""
    values = configuration()
    title = escape(str(values.get("title", "Hello")))
    greeting = escape(str(values.get("greeting", "Hello")))
    where = escape(os.environ.get("IDP_ENVIRONMENT", "your machine"))
    return HTMLResponse(
        f'<!doctype html><html lang="en"><title>{title}</title>'
        f"<h1>{title}</h1><p>{greeting} from {where}.</p></html>"
    )


async def healthy(_request: Request) -> Response:
    """Whether it can serve."""
    return JSONResponse({"status": "ok"})


application = Starlette(routes=[Route("/", page), Route("/healthz", healthy)])
