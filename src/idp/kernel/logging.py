"""Structured logs without secrets.

Every line is one JSON object (or a readable line on a terminal). A field whose name says that it
holds a secret is replaced, and so are credentials inside URLs and bearer tokens inside text: a
mistake at a call site must not end in a log file.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"(password|passwd|secret|token|api_?key|private_?key|authorization|credential|cookie)",
    re.IGNORECASE,
)
_URL_CREDENTIAL = re.compile(r"(\w+://)[^/\s]+@")
_BEARER = re.compile(r"\b((?i:bearer)|Basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_TOKEN = re.compile(
    r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # a JWT
    r"|\bidp_[\w-]{20,}"  # a static token of the API server
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


def redact(value: Any) -> Any:
    """Remove secrets from a value of any shape.

    Exceptions, bytes and sets, which have no form of their own in JSON, come back as text or
    lists.
    """
    if isinstance(value, str):
        text = _URL_CREDENTIAL.sub(rf"\1{REDACTED}@", value)
        text = _BEARER.sub(rf"\1 {REDACTED}", text)
        return _TOKEN.sub(REDACTED, text)
    if isinstance(value, dict):
        return {
            key: REDACTED if _SECRET_NAME.search(str(key)) and item else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    if isinstance(value, BaseException | bytes):
        return redact(repr(value))
    return value


def _redact_event(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    redacted: dict[str, Any] = redact(dict(event))
    return redacted


def configure_logging(*, level: str = "INFO", readable: bool | None = None) -> None:
    """Set up logging for a process.

    Args:
        level: Lowest level that is written.
        readable: Lines for people instead of JSON; None decides by whether stderr is a terminal.
    """
    numeric = logging.getLevelNamesMapping()[level.upper()]
    if readable is None:
        readable = sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(numeric, logging.WARNING), stream=sys.stderr)
