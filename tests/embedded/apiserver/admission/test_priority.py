from __future__ import annotations

import pytest

from idp.embedded.apiserver.admission.priority import (
    SYSTEM_CLASSES,
    check_class_stays,
    check_only_default,
    class_causes,
    set_priority,
)
from idp.kernel.errors import Forbidden
from idp.kernel.resource import Manifest


def class_(name: str, value: int, **fields: object) -> Manifest:
    return {"metadata": {"name": name}, "value": value, **fields}


CLASSES = [*SYSTEM_CLASSES, class_("never", 5, preemptionPolicy="Never")]
DEFAULT = class_("usual", 1000, globalDefault=True)


def prioritised(*classes: Manifest, **spec: object) -> Manifest:
    pod: Manifest = {"spec": dict(spec)}
    set_priority(pod, [*CLASSES, *classes])
    return {name: pod["spec"].get(name) for name in ("priority", "priorityClassName")}


def test_the_class_decides() -> None:
    assert prioritised() == {"priority": 0, "priorityClassName": None}
    assert prioritised(DEFAULT) == {"priority": 1000, "priorityClassName": "usual"}
    assert prioritised(DEFAULT, priorityClassName="never")["priority"] == 5
    assert prioritised(priorityClassName="system-node-critical")["priority"] == 2_000_001_000
    assert prioritised(priorityClassName="never", priority=5)["priority"] == 5


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"priorityClassName": "nope"}, "no PriorityClass with name nope was found"),
        ({"priority": 7}, r"the integer value of priority \(7\) must not be provided in pod spec"),
        (
            {"priorityClassName": "never", "preemptionPolicy": "PreemptLowerPriority"},
            r"the string value of PreemptionPolicy \(PreemptLowerPriority\).* computed Never",
        ),
    ],
)
def test_pods_do_not_prioritise_themselves(spec: Manifest, message: str) -> None:
    with pytest.raises(Forbidden, match=message):
        prioritised(**spec)


def test_there_is_one_default() -> None:
    check_only_default(DEFAULT, [*CLASSES, DEFAULT])
    check_only_default(class_("other", 1), [*CLASSES, DEFAULT])
    with pytest.raises(Forbidden, match="PriorityClass usual is already marked as default"):
        check_only_default(class_("other", 1, globalDefault=True), [*CLASSES, DEFAULT])


def test_classes_of_the_system() -> None:
    with pytest.raises(Forbidden, match="cannot be deleted"):
        check_class_stays("system-node-critical")
    check_class_stays("mine")
    assert [list(class_causes(item)) for item in SYSTEM_CLASSES] == [[], []]
    (cause,) = class_causes(class_("big", 2_000_000_000))
    assert cause.message == (
        "Forbidden: maximum allowed value of a user defined priority is 1000000000"
    )
    (cause,) = class_causes(class_("system-mine", 1))
    assert cause.message.endswith("error: system-mine is not a known system priority class")
    (cause,) = class_causes(class_("system-node-critical", 1))
    assert "must be 2000001000" in cause.message
