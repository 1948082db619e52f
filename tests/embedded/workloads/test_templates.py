"""Names, hashes and patches."""

from __future__ import annotations

import copy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.embedded.workloads.merge_patch import difference
from idp.embedded.workloads.pod_state import FINALIZER, controller_of
from idp.embedded.workloads.pod_template import pod_from_template, same_template, template_hash
from idp.kernel.memory_client import merge
from idp.kernel.resource import Manifest

TEMPLATE: Manifest = {
    "metadata": {"labels": {"app": "web"}, "annotations": {"a": "b"}},
    "spec": {"containers": [{"name": "web", "image": "x"}]},
}
KEYS = st.sampled_from(["a", "b", "c"])
LEAVES = st.sampled_from([True, 1, "x", [], [1, 2]])
INNER = st.dictionaries(KEYS, LEAVES | st.dictionaries(KEYS, LEAVES, max_size=2), max_size=3)
DOCUMENTS = st.dictionaries(KEYS, LEAVES | INNER, max_size=3)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENTS, DOCUMENTS)
def test_a_difference_leads_from_one_document_to_the_other(
    before: Manifest, after: Manifest
) -> None:
    assert merge(before, difference(before, after)) == after
    assert difference(after, after) == {}


def test_the_hash_does_not_see_itself() -> None:
    labelled = copy.deepcopy(TEMPLATE)
    labelled["metadata"]["labels"]["pod-template-hash"] = "x"
    assert same_template(TEMPLATE, labelled)
    assert template_hash(TEMPLATE) == template_hash(labelled) != template_hash(TEMPLATE, 1)
    changed = copy.deepcopy(TEMPLATE)
    changed["metadata"]["annotations"]["restartedAt"] = "now"
    assert not same_template(TEMPLATE, changed)


def test_a_pod_has_its_owner_and_is_held_until_its_processes_are_gone() -> None:
    owner: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "w" * 70, "namespace": "demo", "uid": "u"},
    }
    pod = pod_from_template(owner, TEMPLATE, labels={"job-name": "x"})
    assert len(pod["metadata"]["name"]) == 63
    assert pod["metadata"]["labels"] == {"app": "web", "job-name": "x"}
    assert pod["metadata"]["annotations"] == {"a": "b"}
    assert pod["metadata"]["finalizers"] == [FINALIZER]
    assert controller_of(pod) is not None
    pod["spec"]["containers"].clear()
    assert TEMPLATE["spec"]["containers"]
