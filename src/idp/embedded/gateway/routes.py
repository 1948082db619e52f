"""`HTTPRoute` of a VirtualService -> Envoy routes. Pure.

Fields: https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from idp.embedded.gateway.backends import Backend
from idp.embedded.gateway.fields import duration, only
from idp.embedded.gateway.matches import route_match
from idp.kernel.errors import Invalid
from idp.kernel.resource import Manifest

FindBackend = Callable[[str, int | None], Backend]
"""The backend of a destination's host and port."""

_ROUTE_FIELDS = (
    "name",
    "match",
    "route",
    "redirect",
    "directResponse",
    "rewrite",
    "timeout",
    "retries",
    "headers",
)
# The request did not reach the application: it can be sent to another replica, whatever it is.
_NOT_SENT = "connect-failure,refused-stream,reset-before-request"
_SAFE_METHODS = {
    "name": ":method",
    "string_match": {"safe_regex": {"regex": "GET|HEAD|OPTIONS"}},
}
_REDIRECT_CODES = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}


def http_routes(
    http: Sequence[Manifest], name: str, find: FindBackend
) -> tuple[list[Manifest], set[Backend]]:
    """Render the routes of a VirtualService, and which backends they name.

    Raises:
        Invalid: A field is malformed or not supported; the message names its path.
        NotFound: A destination does not exist.
    """
    routes: list[Manifest] = []
    backends: set[Backend] = set()
    for number, body in enumerate(http):
        where = f"spec.http[{number}]"
        only(body, _ROUTE_FIELDS, where)
        action, used = _action(body, where, find)
        backends |= used
        for index, match in enumerate(body.get("match") or [{}]):
            matched = route_match(match, f"{where}.match[{index}]")
            routes += _variants(name, body, matched, action, where)
    return routes, backends


def _variants(
    name: str, body: Manifest, match: Manifest, action: Manifest, where: str
) -> Iterator[Manifest]:
    """The routes of one match.

    Without a retry policy of its own there are two: what only reads may also be sent again when
    the connection broke in the middle, as happens when a replica ends.
    """
    action = _rewritten(action, body, match, f"{where}.rewrite")
    common = {"name": name, **_headers(body.get("headers"), f"{where}.headers")}
    if "route" not in action or "retry_policy" in action["route"]:
        yield {**common, "match": match, **action}
        return
    for conditions, retry_on in (([_SAFE_METHODS], f"{_NOT_SENT},reset"), ([], _NOT_SENT)):
        headers = [*match.get("headers", []), *conditions]
        narrowed = {**match, "headers": headers} if headers else match
        routed = {**action["route"], "retry_policy": _retry_policy(retry_on, 5)}
        yield {**common, "match": narrowed, "route": routed}


def _retry_policy(retry_on: str, attempts: int, **more: Any) -> Manifest:
    return {
        "retry_on": retry_on,
        "num_retries": attempts,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.retry.host."
                    "previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
        "host_selection_retry_max_attempts": "5",
        **more,
    }


def _action(body: Manifest, where: str, find: FindBackend) -> tuple[Manifest, set[Backend]]:
    given = [name for name in ("route", "redirect", "directResponse") if body.get(name)]
    if len(given) != 1:
        raise Invalid(f"{where} must have exactly one of route, redirect, directResponse")
    if given == ["redirect"]:
        return {"redirect": _redirect(body["redirect"], f"{where}.redirect")}, set()
    if given == ["directResponse"]:
        return {
            "direct_response": _direct(body["directResponse"], f"{where}.directResponse")
        }, set()
    route, backends = _destinations(body["route"], f"{where}.route", find)
    route["timeout"] = duration(body.get("timeout") or "0s", f"{where}.timeout")
    if retries := body.get("retries"):
        route["retry_policy"] = _retries(retries, f"{where}.retries")
    return {"route": route}, backends


def _retries(retries: Manifest, where: str) -> Manifest:
    only(retries, ("attempts", "perTryTimeout", "retryOn"), where)
    more = {}
    if timeout := retries.get("perTryTimeout"):
        more["per_try_timeout"] = duration(timeout, f"{where}.perTryTimeout")
    conditions = (retries.get("retryOn") or f"{_NOT_SENT},unavailable,cancelled").split(",")
    if "connect-failure" in conditions and "reset-before-request" not in conditions:
        # Istio's list is older than this condition: a connection that broke before the request
        # went out is the same to the caller as one that could not be made.
        conditions.append("reset-before-request")
    return _retry_policy(",".join(conditions), int(retries.get("attempts", 0)), **more)


def _destinations(
    entries: Sequence[Manifest], where: str, find: FindBackend
) -> tuple[Manifest, set[Backend]]:
    clusters, backends = [], set()
    for number, entry in enumerate(entries):
        place = f"{where}[{number}]"
        only(entry, ("destination", "weight", "headers"), place)
        destination = entry.get("destination") or {}
        if destination.get("subset"):
            raise Invalid(
                f"{place}.destination.subset is not supported by the gateway of one machine",
                remedy="Use one Service for each version, as Flagger does.",
            )
        port = (destination.get("port") or {}).get("number")
        backend = find(destination.get("host", ""), port)
        backends.add(backend)
        weight = entry.get("weight", 100 if len(entries) == 1 else 0)
        if weight:
            headers = _headers(entry.get("headers"), f"{place}.headers")
            clusters.append({"name": backend.cluster, "weight": weight, **headers})
    if not clusters:
        raise Invalid(f"{where}: all weights are 0")
    if len(clusters) == 1 and len(clusters[0]) == 2:
        return {"cluster": clusters[0]["name"]}, backends
    return {"weighted_clusters": {"clusters": clusters}}, backends


def _rewritten(action: Manifest, body: Manifest, match: Manifest, where: str) -> Manifest:
    rewrite = body.get("rewrite")
    if not rewrite:
        return action
    only(rewrite, ("uri", "authority", "uriRegexRewrite"), where)
    if "route" not in action:
        raise Invalid(f"{where} needs a route")
    route = dict(action["route"])
    if authority := rewrite.get("authority"):
        route["host_rewrite_literal"] = authority
    if regex := rewrite.get("uriRegexRewrite"):
        route["regex_rewrite"] = {
            "pattern": {"regex": regex.get("match", "")},
            "substitution": regex.get("rewrite", ""),
        }
    elif uri := rewrite.get("uri"):
        if "safe_regex" in match:
            route["regex_rewrite"] = {"pattern": match["safe_regex"], "substitution": uri}
        else:
            route["prefix_rewrite"] = uri
    return {"route": route}


def _headers(headers: Manifest | None, where: str) -> Manifest:
    """Changes of headers, as fields of a route or of a weighted cluster."""
    rendered: Manifest = {}
    only(headers or {}, ("request", "response"), where)
    for side in ("request", "response"):
        changes = (headers or {}).get(side) or {}
        only(changes, ("set", "add", "remove"), f"{where}.{side}")
        added = [
            {"header": {"key": key, "value": value}, "append_action": action}
            for field, action in (
                ("set", "OVERWRITE_IF_EXISTS_OR_ADD"),
                ("add", "APPEND_IF_EXISTS_OR_ADD"),
            )
            for key, value in sorted((changes.get(field) or {}).items())
        ]
        if added:
            rendered[f"{side}_headers_to_add"] = added
        if removed := changes.get("remove"):
            rendered[f"{side}_headers_to_remove"] = sorted(removed)
    return rendered


def _redirect(redirect: Manifest, where: str) -> Manifest:
    only(redirect, ("uri", "authority", "port", "scheme", "redirectCode"), where)
    code = redirect.get("redirectCode", 301)
    if code not in _REDIRECT_CODES:
        raise Invalid(f"{where}.redirectCode must be one of {sorted(_REDIRECT_CODES)}")
    rendered: Manifest = {"response_code": _REDIRECT_CODES[code]}
    for field, name in (
        ("uri", "path_redirect"),
        ("authority", "host_redirect"),
        ("port", "port_redirect"),
        ("scheme", "scheme_redirect"),
    ):
        if value := redirect.get(field):
            rendered[name] = value
    return rendered


def _direct(response: Manifest, where: str) -> Manifest:
    only(response, ("status", "body"), where)
    rendered: Manifest = {"status": response.get("status", 200)}
    if body := response.get("body"):
        only(body, ("string", "bytes"), f"{where}.body")
        source = {"inline_string": body["string"]} if "string" in body else {
            "inline_bytes": body["bytes"]
        }  # fmt: skip
        rendered["body"] = source
    return rendered
