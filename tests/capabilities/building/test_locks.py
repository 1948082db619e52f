"""Which wheels are chosen from locks, and what is refused by name."""

from __future__ import annotations

import pytest
from packaging.tags import Tag

from idp.capabilities.building.locks import (
    Dependency,
    choose,
    parse_pylock,
    parse_requirements,
)
from idp.kernel.errors import InvalidInput

A, B, C = "a" * 64, "b" * 64, "c" * 64
MARKERS = {"python_version": "3.11", "sys_platform": "linux"}
TAGS = (Tag("cp311", "cp311", "linux_x86_64"), Tag("py3", "none", "any"))


def wheel(name: str, digest: str) -> str:
    return f'{{ url = "https://example.invalid/{name}", hashes = {{ sha256 = "{digest}" }} }}'


def package(name: str, *wheels: str, more: str = "") -> str:
    files = ", ".join(wheels)
    return f'[[packages]]\nname = "{name}"\nversion = "1.0"\nwheels = [{files}]\n{more}\n'


def pylock(*packages: str) -> str:
    return 'lock-version = "1.0"\n' + "".join(packages)


def chosen(*packages: str) -> list[Dependency]:
    return choose(parse_pylock(pylock(*packages), "uv.lock"), MARKERS, TAGS, "uv.lock")


def test_the_best_wheel_for_this_machine_is_chosen() -> None:
    found = chosen(
        package(
            "Fast_Lib",
            wheel("fast_lib-1.0-py3-none-any.whl", A),
            wheel("fast_lib-1.0-cp311-cp311-linux_x86_64.whl", B),
            wheel("fast_lib-1.0-cp311-cp311-win_amd64.whl", C),
        )
    )
    assert found == [Dependency("fast-lib", "1.0", (B,))]
    assert found[0].requirement == f"fast-lib==1.0 --hash=sha256:{B}"
    assert found[0].as_material() == {
        "uri": "pkg:pypi/fast-lib@1.0",
        "name": "fast-lib",
        "version": "1.0",
        "digest": {"sha256": B},
    }


def test_dependencies_are_sorted_and_others_left_out() -> None:
    any_wheel = "-1.0-py3-none-any.whl"
    found = chosen(
        package("zope", wheel(f"zope{any_wheel}", A)),
        package("win", wheel(f"win{any_wheel}", B), more="marker = \"sys_platform == 'win32'\""),
        package("abc", wheel(f"abc{any_wheel}", C), more="marker = \"sys_platform == 'linux'\""),
    )
    assert [dependency.name for dependency in found] == ["abc", "zope"]


def test_a_source_distribution_alone_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"legacy 1\.0 has no wheel") as refusal:
        chosen(package("legacy", more='sdist = { url = "https://example.invalid/l.tar.gz" }'))
    assert "legacy" in (refusal.value.remedy or "")


def test_a_wheel_for_other_machines_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="winlib"):
        chosen(package("winlib", wheel("winlib-1.0-cp311-cp311-win_amd64.whl", A)))


@pytest.mark.parametrize(
    "origin", ['vcs = { url = "x" }', 'directory = { path = "." }', 'archive = { path = "x" }']
)
def test_packages_from_elsewhere_than_an_index_are_refused_by_name(origin: str) -> None:
    kind = origin.partition(" ")[0]
    with pytest.raises(InvalidInput, match=f"mylib comes from a {kind}"):
        parse_pylock(pylock(package("mylib", more=origin)), "pylock.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "",
        'lock-version = "2.0"',
        "lock-version = 1",
        pylock("[[packages]]\nversion = '1'\n"),
        pylock("[[packages]]\nname = 1\n"),
        pylock(package("x", "{ url = 'x-1.0-py3-none-any.whl' }")),
        pylock(package("x", wheel("x-1.0-py3-none-any.whl", "short"))),
        'lock-version = "1.0"\npackages = 1',
        'lock-version = "1.0"\npackages = [1]',
    ],
)
def test_a_malformed_lock_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"pylock\.toml"):
        parse_pylock(text, "pylock.toml")


def test_a_marker_that_cannot_be_evaluated_is_refused() -> None:
    with pytest.raises(InvalidInput, match="marker"):
        chosen(package("x", wheel("x-1.0-py3-none-any.whl", A), more='marker = "((("'))


def test_two_versions_at_once_are_refused() -> None:
    one = package("x", wheel("x-1.0-py3-none-any.whl", A))
    with pytest.raises(InvalidInput, match="two versions"):
        chosen(one, one)


def test_requirements_with_hashes_are_a_lock() -> None:
    text = f"""
    # made by uv
    anyio==4.0 \\
        --hash=sha256:{A} \\
        --hash=sha256:{B}
        # via x
    win==1.0 ; sys_platform == 'win32' --hash=sha256:{C}
    one[extra]==2.0 --hash=sha256:{C}
    """
    found = choose(parse_requirements(text), MARKERS, TAGS, "requirements.txt")
    assert found == [Dependency("anyio", "4.0", (A, B)), Dependency("one", "2.0", (C,))]
    assert found[0].as_material()["digest"] == {}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("flask", "not pinned"),
        (f"flask>=2 --hash=sha256:{A}", "not pinned"),
        (f"flask==2.* --hash=sha256:{A}", "not pinned"),
        (f"flask @ https://example.invalid/x.whl --hash=sha256:{A}", "not pinned"),
        ("flask==2.0", "no --hash"),
        ("flask==2.0 --hash=md5:abc", "no --hash"),
        ("-e .", '"-e" is not supported'),
        ("--index-url https://example.invalid/simple", "--index-url"),
        ("-r other.txt", '"-r"'),
        ("???==1", "cannot be read"),
    ],
)
def test_requirements_that_are_no_lock_are_refused(line: str, why: str) -> None:
    with pytest.raises(InvalidInput, match="is not a lock") as refusal:
        parse_requirements(line)
    assert why in refusal.value.message
    assert "--generate-hashes" in (refusal.value.remedy or "")
