from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.kernel.errors import InvalidInput
from idp.kernel.selectors import (
    matches_fields,
    matches_labels,
    parse_field_selector,
    parse_label_selector,
    selects,
)

LABELS = {"app": "shop", "env": "uat", "example.com/tier": "one", "empty": ""}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, True),
        ("", True),
        ("app=shop", True),
        ("app==shop", True),
        ("app = shop", True),
        ("app=other", False),
        ("app!=other", True),
        ("absent!=x", True),
        ("absent=", False),
        ("empty=", True),
        ("env in (dev, uat)", True),
        ("env in (dev,prod)", False),
        ("env notin (dev)", True),
        ("absent notin (dev)", True),
        ("absent in (dev)", False),
        ("example.com/tier", True),
        ("!absent", True),
        ("!app", False),
        ("app=shop,env in (dev,uat),!absent", True),
        ("app=shop,env=dev", False),
        ("app=shop,", True),
        ("app>1", False),
        ("absent<1", False),
    ],
)
def test_label_selectors(selector: str | None, expected: bool) -> None:
    assert matches_labels(selector, LABELS) is expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [("n>6", True), ("n>7", False), ("n<8", True), ("n < 7", False), ("n>-1", True)],
)
def test_labels_that_are_numbers(selector: str, expected: bool) -> None:
    assert matches_labels(selector, {"n": "7"}) is expected


def test_no_labels_are_no_labels() -> None:
    assert matches_labels("!app", None)
    assert not matches_labels("app", None)


@pytest.mark.parametrize(
    "selector", ["a=b=c", "=x", "a in b", "a in (b", "a b", "a>x", "!", "a in (b) c", "-a", "a/b/c"]
)
def test_what_is_not_in_the_grammar_is_refused(selector: str) -> None:
    with pytest.raises(InvalidInput, match="unable to parse requirement"):
        parse_label_selector(selector)


WORD = st.text(string.ascii_lowercase, min_size=1, max_size=4).filter(
    lambda w: w not in ("in", "notin")
)


@given(st.dictionaries(WORD, WORD), WORD, st.lists(WORD, min_size=1))
def test_operators_are_opposites(labels: dict[str, str], key: str, values: list[str]) -> None:
    listed = f"({','.join(values)})"
    inside = matches_labels(f"{key} in {listed}", labels)
    assert inside is not matches_labels(f"{key} notin {listed}", labels)
    assert inside is (labels.get(key) in values)
    assert matches_labels(key, labels) is not matches_labels(f"!{key}", labels)
    equal = {"matchLabels": {key: values[0]}}
    assert selects(equal, labels) is matches_labels(f"{key}={values[0]}", labels)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "shop"}}, True),
        ({"matchLabels": {"app": "shop", "env": "dev"}}, False),
        ({"matchExpressions": [{"key": "env", "operator": "In", "values": ["uat"]}]}, True),
        ({"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["uat"]}]}, False),
        ({"matchExpressions": [{"key": "env", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "env", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_selector_objects(selector: dict[str, object] | None, expected: bool) -> None:
    assert selects(selector, LABELS) is expected


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not a valid selector operator"):
        selects({"matchExpressions": [{"key": "a", "operator": "Near"}]}, {})


OBJECT = {"metadata": {"name": "p"}, "status": {"phase": "Running"}, "spec": {"on": True, "n": 3}}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, True),
        ("metadata.name=p", True),
        ("metadata.name==p,status.phase!=Failed", True),
        ("metadata.name!=p", False),
        ("spec.on=true", True),
        ("spec.n=3", True),
        ("spec.absent=", True),
        ("spec.absent.deeper!=x", True),
        ("metadata.name.deeper=x", False),
    ],
)
def test_field_selectors(selector: str | None, expected: bool) -> None:
    assert matches_fields(selector, OBJECT) is expected


@pytest.mark.parametrize("selector", ["metadata.name", "=x", "a in (b)"])
def test_malformed_field_selectors_are_refused(selector: str) -> None:
    with pytest.raises(InvalidInput, match="invalid selector"):
        parse_field_selector(selector)
