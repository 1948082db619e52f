"""Ownership of fields through the API, with `fieldsV1` as the real server writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.embedded.apiserver.local_client import LocalClient
from idp.kernel.errors import Conflict
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CONFIG_MAP, CUSTOM_RESOURCE_DEFINITION, DEPLOYMENT, SERVICE


def deployment(*containers: Manifest, **spec: Any) -> Manifest:
    return {
        "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": list(containers) or [{"name": "web", "image": "web:1"}]},
            },
            **spec,
        },
    }


def entries(manifest: Manifest) -> dict[tuple[str, str, str], Any]:
    return {
        (e["manager"], e["operation"], e.get("subresource", "")): e["fieldsV1"]
        for e in manifest["metadata"].get("managedFields", [])
    }


def containers_of(manifest: Manifest) -> list[Manifest]:
    found: list[Manifest] = manifest["spec"]["template"]["spec"]["containers"]
    return found


async def test_apply_owns_what_it_states(client: LocalClient) -> None:
    container = {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}
    applied = await client.apply(DEPLOYMENT, deployment(container), field_manager="me")
    assert entries(applied) == {
        ("me", "Apply", ""): {
            "f:metadata": {"f:labels": {"f:app": {}}},
            "f:spec": {
                "f:selector": {},
                "f:template": {
                    "f:metadata": {"f:labels": {"f:app": {}}},
                    "f:spec": {
                        "f:containers": {
                            'k:{"name":"web"}': {
                                ".": {},
                                "f:image": {},
                                "f:name": {},
                                "f:ports": {
                                    'k:{"containerPort":80,"protocol":"TCP"}': {
                                        ".": {},
                                        "f:containerPort": {},
                                    }
                                },
                            }
                        }
                    },
                },
            },
        }
    }


async def test_create_owns_the_defaults_too(client: LocalClient) -> None:
    created = await client.create(DEPLOYMENT, deployment())
    fields = entries(created)["idp", "Update", ""]
    assert fields["f:metadata"] == {"f:labels": {".": {}, "f:app": {}}}
    spec = fields["f:spec"]
    assert "." not in spec
    assert spec["f:strategy"] == {
        "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}},
        "f:type": {},
    }
    assert spec["f:template"]["f:metadata"] == {"f:labels": {".": {}, "f:app": {}}}
    assert spec["f:template"]["f:spec"]["f:containers"] == {
        'k:{"name":"web"}': {
            ".": {},
            "f:image": {},
            "f:imagePullPolicy": {},
            "f:name": {},
            "f:resources": {},
            "f:terminationMessagePath": {},
            "f:terminationMessagePolicy": {},
        }
    }
    assert spec["f:template"]["f:spec"]["f:securityContext"] == {}


async def test_fields_that_are_no_longer_stated_are_removed(client: LocalClient) -> None:
    first = deployment({"name": "a", "image": "a"}, {"name": "b", "image": "b"}, replicas=3)
    await client.apply(DEPLOYMENT, first, field_manager="me")
    second = deployment({"name": "a", "image": "a"})
    changed = await client.apply(DEPLOYMENT, second, field_manager="me")
    assert [c["name"] for c in containers_of(changed)] == ["a"]
    assert changed["spec"]["replicas"] == 1


async def test_fields_that_others_own_too_stay(client: LocalClient) -> None:
    await client.apply(DEPLOYMENT, deployment(replicas=3), field_manager="me")
    scale: Manifest = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"replicas": 3}}
    await client.apply(DEPLOYMENT, scale, field_manager="scaler", force=False)
    changed = await client.apply(DEPLOYMENT, deployment(), field_manager="me")
    assert changed["spec"]["replicas"] == 3
    assert entries(changed)["scaler", "Apply", ""] == {"f:spec": {"f:replicas": {}}}


async def test_a_conflict_names_owner_and_field(client: LocalClient) -> None:
    await client.apply(DEPLOYMENT, deployment(replicas=3), field_manager="me")
    other = deployment({"name": "web", "image": "web:2"}, replicas=4)
    with pytest.raises(Conflict) as caught:
        await client.apply(DEPLOYMENT, other, field_manager="other", force=False)
    assert caught.value.message == (
        'Apply failed with 2 conflicts: conflicts with "me":\n'
        "- .spec.replicas\n"
        '- .spec.template.spec.containers[name="web"].image'
    )
    assert [(c.reason, c.field) for c in caught.value.causes] == [
        ("FieldManagerConflict", ".spec.replicas"),
        ("FieldManagerConflict", '.spec.template.spec.containers[name="web"].image'),
    ]
    taken = await client.apply(DEPLOYMENT, other, field_manager="other", force=True)
    assert taken["spec"]["replicas"] == 4
    assert "f:replicas" not in entries(taken)["me", "Apply", ""]["f:spec"]


async def test_stating_the_same_value_shares_the_field(client: LocalClient) -> None:
    await client.apply(DEPLOYMENT, deployment(replicas=3), field_manager="me")
    shared = await client.apply(
        DEPLOYMENT, deployment(replicas=3), field_manager="other", force=False
    )
    assert set(entries(shared)) == {("me", "Apply", ""), ("other", "Apply", "")}


async def test_an_update_takes_what_it_changes(client: LocalClient) -> None:
    await client.apply(CONFIG_MAP, _config(a="1", b="1"), field_manager="me")
    patched = await client.patch(CONFIG_MAP, "c", {"data": {"a": "2"}}, "default")
    assert entries(patched) == {
        ("me", "Apply", ""): {"f:data": {"f:b": {}}},
        ("idp", "Update", ""): {"f:data": {"f:a": {}}},
    }


async def test_status_is_owned_apart(client: LocalClient) -> None:
    await client.apply(DEPLOYMENT, deployment(), field_manager="me")
    status: Manifest = {"status": {"replicas": 1, "conditions": [_condition()]}}
    patched = await client.patch(DEPLOYMENT, "web", status, "default", subresource="status")
    assert entries(patched)["idp", "Update", "status"] == {
        "f:status": {
            "f:conditions": {
                ".": {},
                'k:{"type":"Available"}': {".": {}, "f:status": {}, "f:type": {}},
            },
            "f:replicas": {},
        }
    }


async def test_a_custom_kind(
    client: LocalClient, widget_definition: Callable[..., Manifest], widget_type: ResourceType
) -> None:
    await client.create(CUSTOM_RESOURCE_DEFINITION, widget_definition())
    widget: Manifest = {
        "metadata": {"name": "w", "namespace": "default"},
        "spec": {"size": 1, "parts": [{"name": "a", "count": 1}], "free": {"x": {"y": [1]}}},
    }
    applied = await client.apply(widget_type, widget, field_manager="me")
    assert entries(applied)["me", "Apply", ""] == {
        "f:spec": {
            "f:free": {"f:x": {".": {}, "f:y": {}}},
            "f:parts": {'k:{"name":"a"}': {".": {}, "f:count": {}, "f:name": {}}},
            "f:size": {},
        }
    }
    other: Manifest = {
        "metadata": {"name": "w", "namespace": "default"},
        "spec": {"size": 1, "parts": [{"name": "b"}]},
    }
    both = await client.apply(widget_type, other, field_manager="other")
    assert [part["name"] for part in both["spec"]["parts"]] == ["a", "b"]


async def test_items_of_a_list_keep_the_applied_order(client: LocalClient) -> None:
    await client.apply(DEPLOYMENT, deployment({"name": "a", "image": "a"}), field_manager="one")
    two = deployment({"name": "b", "image": "b"}, {"name": "a", "image": "a"})
    merged = await client.apply(DEPLOYMENT, two, field_manager="two")
    assert [c["name"] for c in containers_of(merged)] == ["b", "a"]


async def test_ports_of_a_service_are_told_apart_by_protocol(client: LocalClient) -> None:
    ports = [{"name": "t", "port": 53}, {"name": "u", "port": 53, "protocol": "UDP"}]
    service: Manifest = {
        "metadata": {"name": "dns", "namespace": "default"},
        "spec": {"ports": ports, "selector": {"app": "dns"}},
    }
    applied = await client.apply(SERVICE, service, field_manager="me")
    assert set(entries(applied)["me", "Apply", ""]["f:spec"]["f:ports"]) == {
        'k:{"port":53,"protocol":"TCP"}',
        'k:{"port":53,"protocol":"UDP"}',
    }


async def test_owners_can_be_reset(client: LocalClient) -> None:
    await client.apply(CONFIG_MAP, _config(a="1"), field_manager="me")
    reset = await client.patch(CONFIG_MAP, "c", {"metadata": {"managedFields": [{}]}}, "default")
    assert "managedFields" not in reset["metadata"]
    applied = await client.apply(CONFIG_MAP, _config(b="1"), field_manager="me")
    assert applied["data"] == {"a": "1", "b": "1"}
    assert entries(applied) == {
        ("before-first-apply", "Update", ""): {"f:data": {".": {}, "f:a": {}}},
        ("me", "Apply", ""): {"f:data": {"f:b": {}}},
    }


def _config(**data: str) -> Manifest:
    return {"metadata": {"name": "c", "namespace": "default"}, "data": data}


def _condition() -> Manifest:
    return {"type": "Available", "status": "True"}
