from __future__ import annotations

import pytest

from idp.capabilities.scanning import distributions
from idp.capabilities.scanning.distributions import (
    Distribution,
    dependency_graph,
    marker_environment,
    read_distribution,
)
from idp.kernel.errors import Invalid

ENVIRONMENT = marker_environment("3.11", "amd64")


def read(*lines: str) -> Distribution:
    text = "\n".join(["Metadata-Version: 2.4", "Name: Some.Thing", "Version: 1.0", *lines, "", "x"])
    return read_distribution(text.encode(), "app/x.dist-info/METADATA", "ab")


def installed(name: str, *requirements: str) -> Distribution:
    return Distribution(name, "1.0", "", (), requirements, "", "")


def test_name_and_version() -> None:
    found = read()
    assert (found.name, found.version, found.record) == ("some-thing", "1.0", "ab")


@pytest.mark.parametrize(
    ("lines", "expression", "names"),
    [
        (("License-Expression: mit OR apache-2.0",), "MIT OR Apache-2.0", ()),
        (("License: BSD-3-Clause",), "BSD-3-Clause", ()),
        (("License: Some words",), "", ("Some words",)),
        (("Classifier: License :: OSI Approved :: MIT License",), "", ("MIT License",)),
        (
            ("License: Some words", "Classifier: License :: OSI Approved :: MIT License"),
            "",
            ("MIT License",),
        ),
        (("License: " + "x" * 200,), "", ()),
        ((), "", ()),
    ],
)
def test_licences(lines: tuple[str, ...], expression: str, names: tuple[str, ...]) -> None:
    found = read(*lines)
    assert (found.license_expression, found.license_names) == (expression, names)


def test_metadata_without_a_name_is_refused() -> None:
    with pytest.raises(Invalid, match="names no distribution"):
        read_distribution(b"Metadata-Version: 2.1\n\n", "x", "")


def test_metadata_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "MAX_METADATA_BYTES", 10)
    with pytest.raises(Invalid, match="more than 10 bytes"):
        read()


def test_markers_are_those_of_the_image() -> None:
    graph = dependency_graph(
        [
            installed(
                "a",
                "b; python_version < '3.12'",
                "c; sys_platform == 'win32'",
                "d; platform_machine == 'x86_64'",
            ),
            *(installed(name) for name in "bcd"),
        ],
        ENVIRONMENT,
    )
    assert graph["a"] == {"b", "d"}


def test_extras_are_followed() -> None:
    graph = dependency_graph(
        [
            installed("a", "B_x[fast]"),
            installed("b-x", "c; extra == 'fast'", "d; extra == 'slow'", "not-installed"),
            installed("c", "a"),
            installed("d"),
        ],
        ENVIRONMENT,
    )
    assert graph == {"a": {"b-x"}, "b-x": {"c"}, "c": {"a"}, "d": set()}


def test_requirements_that_cannot_be_read_are_left_out() -> None:
    graph = dependency_graph([installed("a", "b (>>1)", "b; extra == 1", "b")], ENVIRONMENT)
    assert graph == {"a": set()}
