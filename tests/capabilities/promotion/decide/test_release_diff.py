from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.promotion.decide.release_diff import Contents, Difference, release_diff

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def spec(commit: str = "a" * 40, image: str = "1", **changes: Any) -> dict[str, Any]:
    return {
        "source": {"repository": "demo/hello", "commit": commit, "author": "maya", "count": 1},
        "image": f"host/demo/hello@sha256:{image}",
        "applicationSpec": {"replicas": 1},
        **changes,
    }


def materials(*purls: str) -> dict[str, Any]:
    return {
        "components": [
            {"purl": purl, "version": purl.partition("?")[0].rpartition("@")[2]} for purl in purls
        ]
        + [{"name": "own files"}]
    }


def scan(*findings: dict[str, Any]) -> list[Any]:
    return [{"name": "bandit", "findings": list(findings)}]


def test_the_same_release_does_not_differ() -> None:
    contents = Contents(spec(), materials("pkg:pypi/a@1"), scan({"id": "B1", "location": "x:3"}))
    assert release_diff(contents, contents) == []


def test_source_and_image() -> None:
    assert release_diff(Contents(spec()), Contents(spec("b" * 40, "2"))) == [
        Difference("source", "commit", "a" * 40, "b" * 40),
        Difference("image", "digest", "sha256:1", "sha256:2"),
    ]


def test_packages_by_name_whatever_their_qualifiers() -> None:
    before = Contents(spec(), materials("pkg:pypi/a@1", "pkg:pypi/b@1", "pkg:npm/%40x/y@1?a=b"))
    after = Contents(spec(), materials("pkg:pypi/a@2", "pkg:pypi/c@1", "pkg:npm/%40x/y@1"))
    assert release_diff(before, after) == [
        Difference("package", "pkg:pypi/a", "1", "2"),
        Difference("package", "pkg:pypi/b", "1", None),
        Difference("package", "pkg:pypi/c", None, "1"),
    ]


def test_findings_that_moved_within_a_file_are_the_same() -> None:
    before = Contents(
        spec(), {}, scan({"id": "B1", "location": "x.py:3", "severity": 7.0}, {"id": "B2"})
    )
    after = Contents(
        spec(), {}, scan({"id": "B1", "location": "x.py:9", "severity": 9.1}, {"id": "B3"})
    )
    assert release_diff(before, after) == [
        Difference("finding", "bandit B1 x.py", "severity 7.0", "severity 9.1"),
        Difference("finding", "bandit B2", "unscored", None),
        Difference("finding", "bandit B3", None, "unscored"),
    ]


def test_application_and_configuration_by_path() -> None:
    before = spec(applicationSpec={"replicas": 1, "ports": [{"port": 80}]}, configuration=None)
    after = spec(applicationSpec={"replicas": 2, "ports": [{"port": 80}]}, configuration={"a": {}})
    assert release_diff(Contents(before), Contents(after)) == [
        Difference("application", "replicas", "1", "2"),
        Difference("configuration", "a", None, "{}"),
    ]


@given(JSON, JSON)
def test_the_way_back_is_the_same_differences_reversed(old: Any, new: Any) -> None:
    a, b = (Contents(spec(applicationSpec={"x": value})) for value in (old, new))
    there, back = release_diff(a, b), release_diff(b, a)
    assert [(d.what, d.before, d.after) for d in there] == [
        (d.what, d.after, d.before) for d in back
    ]
    assert release_diff(a, a) == []
