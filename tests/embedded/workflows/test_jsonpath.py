from __future__ import annotations

import pytest

from idp.embedded.workflows.jsonpath import check, read
from idp.kernel.errors import InvalidInput, NotFound

OBJECT = {
    "metadata": {"name": "x", "labels": {"a.b/c": "label"}},
    "status": {
        "count": 3,
        "items": [{"name": "one"}],
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}],
    },
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{.metadata.name}", "x"),
        ("{$.metadata.name}", "x"),
        ("name={.metadata.name}, count={.status.count}", "name=x, count=3"),
        ("{.metadata.labels['a.b/c']}", "label"),
        ("{.status.items[0].name}", "one"),
        ("{.status.items}", '[{"name": "one"}]'),
        ('{.status.conditions[?(@.type=="Ready")].status}', "True"),
        ("{.status.conditions[?(@.type == 'Other')].status}", "False"),
    ],
)
def test_reads(template: str, value: str) -> None:
    assert read(template, OBJECT) == value


def test_the_whole_object() -> None:
    assert read("{.}", {"a": 1}) == '{"a": 1}'


@pytest.mark.parametrize(
    "template",
    [
        "{.nothing}",
        "{.status.items[1]}",
        "{.metadata[0]}",
        "{.status.items.name}",
        '{.status.conditions[?(@.type=="No")].status}',
        '{.metadata[?(@.type=="No")]}',
    ],
)
def test_nothing_is_not_found(template: str) -> None:
    with pytest.raises(NotFound):
        read(template, OBJECT)


@pytest.mark.parametrize("template", ["", ".metadata.name", "{..name}", "{.items[*]}", "{.a[0:2]}"])
def test_what_is_not_supported_is_refused(template: str) -> None:
    with pytest.raises(InvalidInput):
        check(template)
