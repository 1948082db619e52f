from __future__ import annotations

import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st

from idp.kernel.manifest import digest, in_order, owned_by, owner_reference, render
from idp.kernel.standard import CONFIG_MAP, DEPLOYMENT, NAMESPACE, SERVICE, VIRTUAL_SERVICE

OWNER = {
    "apiVersion": "platform.idp/v1alpha1",
    "kind": "WebApplication",
    "metadata": {"name": "shop", "namespace": "demo", "uid": "u1"},
}


def test_a_rendered_object_says_who_manages_it() -> None:
    rendered = render(
        DEPLOYMENT, "shop", "demo", labels={"app": "shop"}, annotations={"a": "b"}, spec={"x": 1}
    )
    assert rendered == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "shop",
            "namespace": "demo",
            "labels": {"app.kubernetes.io/managed-by": "idp", "app": "shop"},
            "annotations": {"a": "b"},
        },
        "spec": {"x": 1},
    }


def test_what_is_not_given_is_not_there() -> None:
    assert set(render(NAMESPACE, "demo")["metadata"]) == {"name", "labels"}


def test_an_owner_controls_what_it_owns() -> None:
    owned = render(SERVICE, "shop", "demo")
    (result,) = owned_by(OWNER, [owned])
    assert result["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "platform.idp/v1alpha1",
            "kind": "WebApplication",
            "name": "shop",
            "uid": "u1",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert "ownerReferences" not in owned["metadata"]
    assert owner_reference(OWNER) == result["metadata"]["ownerReferences"][0]


def test_what_others_refer_to_comes_first() -> None:
    manifests = [
        render(VIRTUAL_SERVICE, "shop", "demo"),
        render(DEPLOYMENT, "shop", "demo"),
        render(DEPLOYMENT, "bank", "demo"),
        render(CONFIG_MAP, "shop", "demo"),
        render(NAMESPACE, "demo"),
        {"kind": "Unknown", "metadata": {"name": "z"}},
    ]
    random.Random(7).shuffle(manifests)  # any order: it must not matter
    assert [(m["kind"], m["metadata"]["name"]) for m in in_order(manifests)] == [
        ("Namespace", "demo"),
        ("ConfigMap", "shop"),
        ("Deployment", "bank"),
        ("Deployment", "shop"),
        ("VirtualService", "shop"),
        ("Unknown", "z"),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_a_digest_does_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))
    assert digest(value) != digest({**value, "one more": 1, "and another": [value]})


def test_a_digest_is_over_canonical_json() -> None:
    text = '{"a":[true,null],"b":1}'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert digest({"b": 1, "a": [True, None]}) == f"sha256:{expected}"
