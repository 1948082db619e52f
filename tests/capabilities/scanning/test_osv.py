from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from packaging.version import Version

from idp.capabilities.scanning.osv import Advisory, affects, merge_aliases, read_record
from idp.kernel.errors import InvalidInput

Event = dict[str, str]


def record(*events: Event, **changes: Any) -> dict[str, Any]:
    affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": "Some_Package"}}
    if events:
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    if "versions" in changes:
        affected["versions"] = changes.pop("versions")
    return {
        "id": "TEST-1",
        "modified": "2026-01-02T03:04:05.678Z",
        "affected": [affected],
        **changes,
    }


def is_affected(version: str, *events: Event, **changes: Any) -> bool:
    (affected,) = read_record(record(*events, **changes)).affected
    return affects(affected, version)


FROM_0 = {"introduced": "0"}


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ((FROM_0, {"fixed": "2.0"}), ("0", "0.dev0", "1.9", "2.0rc1"), ("2.0", "2.0.1")),
        ((FROM_0, {"last_affected": "2.0"}), ("1.0", "2.0", "2.0.0"), ("2.0.post1", "2.1")),
        (({"introduced": "1.0"},), ("1.0", "99"), ("0.9", "1.0rc1")),
        (
            ({"introduced": "4.0"}, {"fixed": "4.3"}, {"introduced": "5.0"}, {"fixed": "5.2"}),
            ("4.0", "4.2", "5.0", "5.1"),
            ("3.9", "4.3", "4.9", "5.2"),
        ),
        (({"fixed": "2.0"}, FROM_0), ("1.0",), ("2.0",)),
        ((FROM_0, {"limit": "2.0"}), ("1.0",), ("2.0", "3.0")),
        ((FROM_0, {"limit": "*"}), ("1.0", "99"), ()),
        ((FROM_0, {"limit": "1.0"}, {"limit": "2.0"}), ("1.5",), ("2.0",)),
        (({"introduced": "1!1.0"},), ("1!1.0",), ("2026.1",)),
        ((FROM_0, {"fixed": "1.0"}, {"introduced": "1.0"}, {"fixed": "2.0"}), ("1.0",), ("2.0",)),
        ((FROM_0, {"fixed": "2.0"}), ("1.0+local",), ("2.0+local",)),
    ],
)
def test_ranges(events: tuple[Event, ...], inside: tuple[str, ...], outside: Any) -> None:
    assert [v for v in inside if not is_affected(v, *events)] == []
    assert [v for v in outside if is_affected(v, *events)] == []


def test_listed_versions_count_besides_ranges() -> None:
    versions = ["1.0", "3.0rc1", "2004d"]
    assert is_affected("1.0.0", versions=versions)
    assert is_affected("3.0c1", versions=versions)
    assert not is_affected("1.1", versions=versions)
    assert is_affected("7.0", {"introduced": "6.0"}, versions=versions)


def test_names_are_compared_in_their_normal_form() -> None:
    assert read_record(record(FROM_0)).affected[0].package == "some-package"


def test_other_ecosystems_are_left_out() -> None:
    body = record(FROM_0)
    body["affected"] += [{"package": {"ecosystem": "Hex", "name": "x"}}]
    assert len(read_record(body).affected) == 1
    body["affected"] = body["affected"][1:]
    assert read_record(body).affected == ()


def test_ranges_of_commits_say_nothing() -> None:
    body = record()
    body["affected"][0]["ranges"] = [{"type": "GIT", "events": [{"introduced": "abc"}]}]
    assert read_record(body).affected[0].ranges == ()


def test_the_highest_score_counts() -> None:
    body = record(FROM_0)
    body["severity"] = [
        {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"},
        {"type": "Ubuntu", "score": "high"},
    ]
    assert read_record(body).severity == 6.1
    body["affected"][0]["severity"] = [
        {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
    ]
    assert read_record(body).severity == 9.8


def test_words_are_no_score() -> None:
    body = record(FROM_0, severity=[{"type": "CVSS_V3", "score": "HIGH"}])
    assert read_record(body).severity is None
    assert read_record({**body, "database_specific": {"severity": "HIGH"}}).severity is None


def test_the_first_line_of_the_details_is_the_summary_of_last_resort() -> None:
    assert read_record(record(FROM_0, summary="Short")).summary == "Short"
    assert read_record(record(FROM_0, details="First.\n\nSecond.")).summary == "First."
    assert read_record(record(FROM_0)).summary == ""


def test_times_are_written_in_one_form() -> None:
    assert read_record(record(FROM_0)).modified == "2026-01-02T03:04:05Z"
    odd = record(FROM_0, modified="2023-07-24 14:58:05.562874+00:00")
    assert read_record(odd).modified == "2023-07-24T14:58:05Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "x" * 200},
        {"id": "a\nb"},
        {"id": None},
        {"modified": "yesterday"},
        {"modified": None},
        {"aliases": [1]},
        {"affected": [{}]},
        {"affected": "x"},
        {"affected": [{"package": {"ecosystem": "PyPI"}}]},
    ],
)
def test_half_a_record_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="not a whole OSV record"):
        read_record(record(FROM_0, **changes))


@pytest.mark.parametrize(
    "events",
    [
        [{"introduced": "2019-09-12-x"}],
        [{"fixed": "1.0"}],
        [{"introduced": "0", "fixed": "1.0"}],
        [{"since": "0"}],
        [{}],
        [],
        None,
    ],
)
def test_a_range_that_cannot_be_read_is_refused(events: Any) -> None:
    body = record(FROM_0)
    body["affected"][0]["ranges"][0]["events"] = events
    with pytest.raises(InvalidInput):
        read_record(body)


@pytest.mark.parametrize("value", [None, [], "x", 1, {}])
def test_what_is_no_record_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput):
        read_record(value)


def advisory(name: str, *aliases: str, severity: float | None = None) -> Advisory:
    return Advisory(name, aliases, "2026-01-01T00:00:00Z", False, "", severity, ())


def test_records_about_one_vulnerability_become_one() -> None:
    merged = merge_aliases(
        [
            advisory("GHSA-1", "CVE-1", severity=7.5),
            advisory("PYSEC-1", "CVE-1", "GHSA-1"),
            advisory("PYSEC-2", "CVE-2"),
            advisory("OTHER-1", "PYSEC-1"),
        ]
    )
    assert [(a.id, aliases) for a, aliases in merged] == [
        ("GHSA-1", ["CVE-1", "OTHER-1", "PYSEC-1"]),
        ("PYSEC-2", ["CVE-2"]),
    ]


NAMES = st.sampled_from(["A", "B", "C", "D", "E"])


@given(st.dictionaries(NAMES, st.frozensets(NAMES, max_size=2), max_size=5))
def test_merging_does_not_depend_on_the_order(graph: dict[str, frozenset[str]]) -> None:
    records = [advisory(name, *sorted(aliases)) for name, aliases in graph.items()]
    merged = merge_aliases(records)
    assert merge_aliases(reversed(records)) == merged
    seen = [name for a, aliases in merged for name in (a.id, *aliases)]
    assert len(seen) == len(set(seen))
    assert set(seen) >= set(graph)


VERSIONS = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda v: f"{v[0]}.{v[1]}")


@given(VERSIONS, VERSIONS, VERSIONS)
def test_introduced_and_fixed_are_a_half_open_interval(a: str, b: str, version: str) -> None:
    low, high = sorted((Version(a), Version(b)))
    assume(low < high)
    events = {"introduced": str(low)}, {"fixed": str(high)}
    assert is_affected(version, *events) == (low <= Version(version) < high)


def test_a_range_that_is_fixed_where_it_begins_is_open() -> None:
    events = {"introduced": "1.0"}, {"fixed": "1.0"}
    assert is_affected("1.1", *events)
