"""Orders by the examples of their specifications, and by what the ecosystems' own programs say."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import orjson
import pytest

from idp.capabilities.scanning.versions import is_known, normal_name, version_key
from idp.kernel.errors import InvalidInput

RECORDED = orjson.loads((Path(__file__).parents[1] / "data" / "version-orders.json").read_bytes())

ASCENDING = {
    # https://semver.org/#spec-item-11
    "npm": "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 "
    "1.0.0-rc.1 1.0.0 2.0.0 2.1.0 2.1.1 10.0.0",
    "crates.io": "0.1.44 0.2.0-alpha.1 0.2.0 0.2.7 0.2.23",
    # https://go.dev/ref/mod#versions, pseudo-versions included
    "Go": "v0.0.0-20190308221718-c2843e01d9a2 v0.0.0-20210101000000-aaaaaaaaaaaa 1.21rc2 1.21 "
    "1.21.1 v1.22.0-rc.1 go1.22 v2.0.0+incompatible",
    # https://maven.apache.org/pom.html#version-order-specification
    "Maven": "1-alpha-1 1-beta 1-m2 1-rc 1-snapshot 1 1-sp 1-foo 1-foo10 1-1 1.1",
    # https://docs.ruby-lang.org/en/master/Gem/Version.html
    "RubyGems": "0.9 1.0.a.2 1.0.b1 1.0.rc1 1.0 1.0.0.1 1.9.a 1.9 1.10 2.0.9 2.0.9.1",
    # https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
    "Debian:12": "0~~ 0~~a 0~ 0 0a 1.0~rc1-1 1.0-1 1.0-1+b1 1.0-1.1 1.0+dfsg-1 1.1 1:0.1",
    # apk-package(5)
    "Alpine:v3.20": "1.0_alpha_pre2 1.0_alpha 1.0_beta 1.0_pre1 1.0_rc2 1.0 1.0-r1 1.0_git1 1.0_p1 "
    "1.0a 1.01 1.02.07 1.1 1.1-r10 6b-r7",
    # https://packaging.python.org/en/latest/specifications/version-specifiers/
    "PyPI": "1.0.dev1 1.0a1.dev1 1.0a1 1.0b2 1.0rc1 1.0 1.0+abc 1.0.post1 1.1 1!0.1",
}


@pytest.mark.parametrize("ecosystem", ASCENDING)
def test_order(ecosystem: str) -> None:
    versions = ASCENDING[ecosystem].split()
    wrong = [
        (lower, higher)
        for lower, higher in combinations(versions, 2)
        if not version_key(ecosystem, lower) < version_key(ecosystem, higher)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("ecosystem", "versions"),
    [
        ("npm", "1.0.0 v1.0.0 1.0.0+build 1.0"),
        ("Go", "v1.2.0 1.2 v1.2.0+incompatible"),
        ("Maven", "1 1.0 1.0.0 1-0 1.0-ga 1-final 1.RELEASE 1_0"),
        ("Maven", "1-alpha1 1-a1 1alpha1 1-alpha-1"),
        ("RubyGems", "1 1.0 1.0.0"),
        ("RubyGems", "1.0-rc1 1.0.pre.rc1"),
        ("Debian:12", "1.0 0:1.0 1.00 1.0-0"),
        ("Alpine:v3.20", "1.0 1.0-r0"),
    ],
)
def test_written_differently(ecosystem: str, versions: str) -> None:
    first, *others = (version_key(ecosystem, version) for version in versions.split())
    assert [other == first for other in others] == [True] * len(others)


@pytest.mark.parametrize("ecosystem", RECORDED)
def test_as_the_ecosystems_own_program_says(ecosystem: str) -> None:
    wrong = []
    for left, sign, right in RECORDED[ecosystem]:
        ours, theirs = version_key(ecosystem, left), version_key(ecosystem, right)
        said = "=" if ours == theirs else "<" if ours < theirs else ">"
        if said != sign:
            wrong.append((left, said, right))
    assert wrong == []
    assert len(RECORDED[ecosystem]) == 150


@pytest.mark.parametrize(
    ("ecosystem", "version"),
    [
        ("npm", "latest"),
        ("npm", "1.0.0-"),
        ("Go", "master"),
        ("Maven", ""),
        ("RubyGems", "a.b"),
        ("Debian:12", "x:1"),
        ("Debian:12", "1 0"),
        ("Alpine:v3.20", "1.0bc"),
        ("PyPI", "2004d"),
    ],
)
def test_what_is_no_version_is_refused(ecosystem: str, version: str) -> None:
    with pytest.raises(InvalidInput):
        version_key(ecosystem, version)


def test_ecosystems() -> None:
    assert is_known("Debian:12")
    assert not is_known("Ubuntu:22.04:LTS")
    assert normal_name("PyPI", "Some_Package") == "some-package"
    assert normal_name("Go", "github.com/BurntSushi/toml") == "github.com/BurntSushi/toml"
