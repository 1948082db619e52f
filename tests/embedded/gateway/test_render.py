"""Objects -> Envoy configuration, against golden files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from idp.embedded.gateway.backends import Backend, addresses, find_backend
from idp.embedded.gateway.bootstrap import bootstrap
from idp.embedded.gateway.snapshot import clusters_of, endpoints_of, routes_of, snapshot
from idp.kernel.errors import Invalid, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import THIS_MACHINE
from support.golden import check_golden

Objects = Any
GOLDEN = Path(__file__).parent / "golden"


def check(name: str, rendered: Manifest) -> None:
    check_golden(GOLDEN / f"{name}.json", json.dumps(rendered, indent=2) + "\n")


def route(*destinations: Manifest, **more: Any) -> Manifest:
    return {"route": list(destinations) or [{"destination": {"host": "hello"}}], **more}


FEATURES: dict[str, list[Manifest]] = {
    "plain": [route()],
    "weighted": [
        route(
            {"destination": {"host": "hello"}, "weight": 90},
            {
                "destination": {"host": "canary.demo.svc.cluster.local", "port": {"number": 81}},
                "weight": 10,
                "headers": {"response": {"set": {"x-version": "canary"}}},
            },
        )
    ],
    "matches": [
        route(
            match=[
                {
                    "uri": {"exact": "/exact"},
                    "method": {"exact": "GET"},
                    "headers": {"x-user": {"regex": "a.*"}, "x-any": {}},
                    "withoutHeaders": {"x-not": {"exact": "1"}},
                    "queryParams": {"q": {"exact": "1"}},
                },
                {"uri": {"prefix": "/Prefix"}, "ignoreUriCase": True},
                {"uri": {"regex": "/v[12]/.*"}},
            ]
        ),
        route(),
    ],
    "rewrites": [
        route(match=[{"uri": {"prefix": "/api"}}], rewrite={"uri": "/", "authority": "api"}),
        route(match=[{"uri": {"regex": "/old/.*"}}], rewrite={"uri": "/new"}),
        route(rewrite={"uriRegexRewrite": {"match": "^/a/(.*)", "rewrite": "/b/\\1"}}),
    ],
    "policies": [
        route(
            timeout="1m30s",
            retries={"attempts": 3, "perTryTimeout": "500ms", "retryOn": "5xx"},
            headers={
                "request": {"set": {"x-a": "1"}, "add": {"x-b": "2"}, "remove": ["x-c"]},
                "response": {"remove": ["server"]},
            },
        )
    ],
    "answers": [
        {
            "match": [{"uri": {"prefix": "/gone"}}],
            "directResponse": {"status": 410, "body": {"string": "gone"}},
        },
        {"redirect": {"uri": "/", "authority": "other.localhost", "redirectCode": 302}},
    ],
}


@pytest.mark.parametrize("name", FEATURES)
def test_routes(objects: Objects, name: str) -> None:
    services = [objects.service("hello"), objects.service("canary", 81)]
    virtual_service = objects.virtual_service("hello", http=FEATURES[name])
    made = snapshot([virtual_service], services, [])
    assert made.problems == {}
    check(f"routes-{name}", routes_of(made.sites))


def test_clusters_and_endpoints(objects: Objects) -> None:
    made = snapshot(
        [objects.virtual_service("hello")],
        [objects.service("hello")],
        [objects.endpoints("hello", 4002, 4001)],
    )
    backend = Backend("demo", "hello", 80)
    check("clusters", clusters_of([backend]))
    check("endpoints", endpoints_of(backend, made.endpoints[backend]))


def test_bootstrap() -> None:
    check("bootstrap", bootstrap(environment="development", port=8081))


@pytest.mark.parametrize(
    ("http", "words"),
    [
        (route(fault={"abort": {}}), "spec.http[0].fault is not supported"),
        (route(mirror={"host": "x"}), "spec.http[0].mirror"),
        (route(corsPolicy={"a": 1}), "spec.http[0].corsPolicy"),
        (route({"destination": {"host": "hello", "subset": "v1"}}), "destination.subset"),
        (route({"destination": {"host": "example.com.x"}}), "ServiceEntry"),
        (route({"destination": {"host": "hello", "port": {"number": 9}}}), "has no port 9"),
        (route({"destination": {"host": "missing"}}), "no Service demo/missing"),
        (route({"destination": {"host": "hello"}, "weight": 0}), "all weights are 0"),
        (route(timeout="soon"), "spec.http[0].timeout: 'soon' is not a duration"),
        (route(match=[{"uri": {"glob": "x"}}]), "spec.http[0].match[0].uri must have one of"),
        (route(match=[{"sourceLabels": {"a": "b"}}]), "spec.http[0].match[0].sourceLabels"),
        (route(redirect={"uri": "/"}), "exactly one of"),
        ({"redirect": {"redirectCode": 200}}, "redirectCode must be one of"),
        ({}, "exactly one of"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    objects: Objects, http: Manifest, words: str
) -> None:
    bad = objects.virtual_service("bad", http=[http])
    good = objects.virtual_service("hello")
    made = snapshot([bad, good], [objects.service("hello")], [])
    assert words in str(made.problems["demo", "bad"])
    assert list(made.sites) == [("demo", "hello")]


def test_what_was_not_sent_is_sent_again_whenever_connections_are_made_again(
    objects: Objects,
) -> None:
    retries = {"attempts": 2, "retryOn": "connect-failure,refused-stream"}
    made = snapshot(
        [objects.virtual_service("hello", http=[route(retries=retries)])],
        [objects.service("hello")],
        [],
    )
    (rendered,) = made.sites["demo", "hello"].virtual_host["routes"]
    policy = rendered["route"]["retry_policy"]
    assert policy["retry_on"] == "connect-failure,refused-stream,reset-before-request"
    assert policy["num_retries"] == 2


def test_a_host_belongs_to_the_older_one(objects: Objects) -> None:
    first, second = (
        objects.virtual_service("a"),
        objects.virtual_service("b", host="A.development.localhost"),
    )
    first["metadata"]["creationTimestamp"] = "2026-01-02T00:00:00Z"
    second["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    made = snapshot([first, second], [objects.service("a"), objects.service("b")], [])
    assert list(made.sites) == [("demo", "b")]
    assert "belongs to VirtualService demo/b" in str(made.problems["demo", "a"])


def test_destination_hosts(objects: Objects) -> None:
    services = {("demo", "hello"): objects.service("hello")}
    for host in ("hello", "hello.demo", "hello.demo.svc", "hello.demo.svc.cluster.local"):
        assert find_backend(host, None, "demo", services) == Backend("demo", "hello", 80)
    with pytest.raises(NotFound):
        find_backend("hello.other", None, "demo", services)
    services["demo", "hello"]["spec"]["ports"].append({"name": "admin", "port": 81})
    with pytest.raises(Invalid, match="name one"):
        find_backend("hello", None, "demo", services)


def test_addresses_of_the_right_port(objects: Objects) -> None:
    service = objects.service("hello")
    service["spec"]["ports"].append({"name": "admin", "port": 81})
    ready = objects.endpoints("hello", 4001)
    ready["subsets"][0]["ports"].append({"name": "admin", "port": 4002})
    ready["subsets"][0]["notReadyAddresses"] = [{"ip": "127.0.0.9"}]
    assert addresses(Backend("demo", "hello", 81), service, ready) == [("127.0.0.1", 4002)]
    assert addresses(Backend("demo", "hello", 80), service, None) == []


def test_this_machine_is_dialled_over_loopback(objects: Objects) -> None:
    ready = objects.endpoints("hello", 4001)
    ready["subsets"][0]["addresses"] = [{"ip": THIS_MACHINE}, {"ip": "10.1.2.3"}]
    found = addresses(Backend("demo", "hello", 80), objects.service("hello"), ready)
    assert found == [("10.1.2.3", 4001), ("127.0.0.1", 4001)]
