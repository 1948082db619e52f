from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.capabilities.configuration.render import config_map, merge

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=4), JSON, max_size=4)


def configuration(**spec: Any) -> ApplicationConfiguration:
    return ApplicationConfiguration.parse(
        {"metadata": {"name": "shop-config", "namespace": "demo"}, "spec": spec}
    )


def test_own_values_win_key_by_key_and_lists_replace() -> None:
    defaults = {"database": {"url": "sqlite", "pool": 5}, "tags": ["a", "b"], "debug": False}
    own = {"database": {"url": "postgresql"}, "tags": ["c"], "debug": None}
    assert merge(defaults, own) == {
        "database": {"url": "postgresql", "pool": 5},
        "tags": ["c"],
        "debug": None,
    }


def test_renders_the_environments_values_alone() -> None:
    rendered = config_map(
        configuration(
            defaults={"timeout": "30s"},
            environments={
                "development": {"b": 1, "a": {"x": "ä"}},
                "production": {"secretless": True},
            },
        ),
        "development",
    )
    assert rendered["metadata"]["name"] == "shop-config"
    assert rendered["data"]["configuration.yaml"] == 'a:\n  x: "\\xE4"\nb: 1\ntimeout: 30s\n'


def test_order_of_keys_changes_nothing() -> None:
    one = config_map(configuration(environments={"uat": {"a": 1, "b": 2}}), "uat")
    other = config_map(configuration(environments={"uat": {"b": 2, "a": 1}}), "uat")
    assert one == other


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_the_file_reads_back_as_the_merged_values(
    defaults: dict[str, Any], own: dict[str, Any]
) -> None:
    rendered = config_map(configuration(defaults=defaults, environments={"uat": own}), "uat")
    assert yaml.safe_load(rendered["data"]["configuration.yaml"]) == merge(defaults, own)


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_merging_changes_neither_side(defaults: dict[str, Any], own: dict[str, Any]) -> None:
    before = repr((defaults, own))
    merged = merge(defaults, own)
    assert repr((defaults, own)) == before
    assert merge(merged, own) == merged
