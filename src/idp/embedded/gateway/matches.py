"""`HTTPMatchRequest` of a VirtualService -> Envoy's `RouteMatch`. Pure."""

from __future__ import annotations

from typing import Any

from idp.embedded.gateway.fields import only
from idp.kernel.errors import Invalid
from idp.kernel.resource import Manifest

_MATCH_FIELDS = (
    "name",
    "uri",
    "method",
    "authority",
    "headers",
    "withoutHeaders",
    "queryParams",
    "ignoreUriCase",
)
_URI_MATCHES = {"exact": "path"}
_STRING_MATCHES = ("exact", "prefix", "regex")


def route_match(match: Manifest, where: str) -> Manifest:
    """Render one match; an empty one matches every request.

    Raises:
        Invalid: It asks for something that is not supported.
    """
    only(match, _MATCH_FIELDS, where)
    rendered = _uri(match, where)
    headers = [
        *_special_header(match, "method", ":method", where),
        *_special_header(match, "authority", ":authority", where),
        *(
            _header(name, value, f"{where}.headers[{name}]")
            for name, value in sorted((match.get("headers") or {}).items())
        ),
        *(
            _header(name, value, f"{where}.withoutHeaders[{name}]") | {"invert_match": True}
            for name, value in sorted((match.get("withoutHeaders") or {}).items())
        ),
    ]
    if headers:
        rendered["headers"] = headers
    if parameters := match.get("queryParams"):
        rendered["query_parameters"] = [
            {"name": name, "string_match": string_match(value, f"{where}.queryParams[{name}]")}
            for name, value in sorted(parameters.items())
        ]
    return rendered


def _uri(match: Manifest, where: str) -> Manifest:
    uri = match.get("uri") or {"prefix": "/"}
    kind, value = _string(uri, f"{where}.uri")
    rendered: Manifest = {_URI_MATCHES.get(kind, kind): value}
    if kind == "regex":
        rendered = {"safe_regex": {"regex": value}}
    if match.get("ignoreUriCase") and kind != "regex":
        rendered["case_sensitive"] = False
    return rendered


def _string(match: Any, where: str) -> tuple[str, str]:
    if not isinstance(match, dict) or len(match) != 1 or not set(match) <= set(_STRING_MATCHES):
        raise Invalid(f"{where} must have one of {', '.join(_STRING_MATCHES)}")
    ((kind, value),) = match.items()
    return kind, str(value)


def string_match(match: Manifest, where: str) -> Manifest:
    """Render a `StringMatch`."""
    kind, value = _string(match, where)
    return {"safe_regex": {"regex": value}} if kind == "regex" else {kind: value}


def _special_header(match: Manifest, field: str, header: str, where: str) -> list[Manifest]:
    return [_header(header, match[field], f"{where}.{field}")] if field in match else []


def _header(name: str, value: Manifest | None, where: str) -> Manifest:
    if not value:
        return {"name": name, "present_match": True}
    return {"name": name, "string_match": string_match(value, where)}
