"""Each ecosystem by the files that its tools write, shortened."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import orjson
import pytest

from idp.capabilities.scanning.packages import catalogue, read_all
from idp.capabilities.scanning.packages.golang import BUILD_INFO_MAGIC, build_information
from idp.capabilities.scanning.packages.model import Found

PORTAL = Path(__file__).parents[4] / "portal"


def found(path: str, text: str | bytes, *, installed: bool = False, **others: str) -> Found:
    files = {path: text.encode() if isinstance(text, str) else text}
    files |= {name.replace("__", "/"): content.encode() for name, content in others.items()}
    return catalogue(read_all(files), installed=installed)


def names(catalogued: Found) -> list[str]:
    return [package.purl for package in catalogued.packages]


def needs(catalogued: Found, purl: str) -> set[str]:
    return set(catalogued.needs[purl])


NPM = {
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "shop", "dependencies": {"express": "^4"}},
        "packages/own": {"version": "1.0.0"},
        "node_modules/own": {"resolved": "packages/own", "link": True},
        "node_modules/express": {
            "version": "4.17.1",
            "license": "MIT",
            "dependencies": {"qs": "6.7.0", "@scope/a": "1"},
        },
        "node_modules/express/node_modules/qs": {"version": "6.7.0", "license": "BSD-3-Clause"},
        "node_modules/qs": {"version": "6.9.0", "dev": True},
        "node_modules/@scope/a": {"version": "1.0.0", "dependencies": {"qs": "*"}},
    },
}


def test_npm_resolves_as_node_does() -> None:
    told = found("package-lock.json", orjson.dumps(NPM))
    assert names(told) == [
        "pkg:npm/%40scope/a@1.0.0",
        "pkg:npm/express@4.17.1",
        "pkg:npm/qs@6.7.0",
        "pkg:npm/qs@6.9.0",
    ]
    assert needs(told, "pkg:npm/express@4.17.1") == {"pkg:npm/qs@6.7.0", "pkg:npm/%40scope/a@1.0.0"}
    assert needs(told, "pkg:npm/%40scope/a@1.0.0") == {"pkg:npm/qs@6.9.0"}
    by_name = {package.purl: package for package in told.packages}
    assert by_name["pkg:npm/qs@6.9.0"].development
    assert by_name["pkg:npm/express@4.17.1"].license_expression == "MIT"


def test_the_lock_of_the_portal_is_read_wholly() -> None:
    data = (PORTAL / "package-lock.json").read_bytes()
    told = found("package-lock.json", data)
    entries = orjson.loads(data)["packages"]
    locked = {
        (path.rpartition("node_modules/")[2], entry["version"])
        for path, entry in entries.items()
        if "node_modules/" in path and not entry.get("link")
    }
    assert {(package.name, package.version) for package in told.packages} == locked
    assert told.gaps == ()
    assert len({need for of in told.needs.values() for need in of}) > len(locked) / 2


def test_an_old_npm_lock_is_a_gap() -> None:
    told = found("package-lock.json", '{"lockfileVersion": 1, "dependencies": {}}')
    assert told.packages == ()
    assert "lockfileVersion 1 is not 2 or 3" in told.gaps[0]


PNPM = """\
lockfileVersion: '9.0'
packages:
  '@babel/core@7.24.0': {resolution: {integrity: sha512-x}}
  semver@6.3.1: {resolution: {integrity: sha512-y}}
snapshots:
  '@babel/core@7.24.0(semver@6.3.1)':
    dependencies: {semver: 6.3.1}
  semver@6.3.1: {}
"""

YARN = """\
# yarn lockfile v1


"@babel/core@^7.0.0", "@babel/core@^7.1.0":
  version "7.24.0"
  resolved "https://registry.example/core.tgz#abc"
  dependencies:
    semver "^6.3.1"

semver@^6.3.1:
  version "6.3.1"
"""

BERRY = """\
__metadata:
  version: 8

"@babel/core@npm:^7.0.0":
  version: 7.24.0
  resolution: "@babel/core@npm:7.24.0"
  dependencies:
    semver: "npm:^6.3.1"
  languageName: node

"semver@npm:^6.3.1":
  version: 6.3.1

"shop@workspace:.":
  version: 0.0.0-use.local
"""


@pytest.mark.parametrize(
    ("path", "text"),
    [("pnpm-lock.yaml", PNPM), ("web/yarn.lock", YARN), ("yarn.lock", BERRY)],
)
def test_pnpm_and_yarn(path: str, text: str) -> None:
    told = found(path, text)
    assert names(told) == ["pkg:npm/%40babel/core@7.24.0", "pkg:npm/semver@6.3.1"]
    assert needs(told, "pkg:npm/%40babel/core@7.24.0") == {"pkg:npm/semver@6.3.1"}


def test_installed_node_packages() -> None:
    told = found(
        "srv/node_modules/express/package.json",
        '{"name": "express", "version": "4.17.1", "license": "MIT", "dependencies": {"qs": "*"}}',
        installed=True,
        srv__node_modules__qs__package__json="",
    )
    assert names(told) == ["pkg:npm/express@4.17.1"]
    files = {
        "srv/node_modules/express/package.json": b'{"name":"express","version":"4.17.1",'
        b'"licenses":[{"type":"MIT"},{"type":"Apache-2.0"}],"dependencies":{"qs":"*"}}',
        "srv/node_modules/qs/package.json": b'{"name":"qs","version":"6.7.0"}',
        "srv/node_modules/qs/esm/package.json": b'{"type":"module"}',
    }
    told = catalogue(read_all(files), installed=True)
    assert needs(told, "pkg:npm/express@4.17.1") == {"pkg:npm/qs@6.7.0"}
    assert told.packages[0].license_expression == "MIT OR Apache-2.0"


UV = """\
version = 1
[[package]]
name = "shop"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "Flask" }]
[[package]]
name = "flask"
version = "3.0.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "jinja2" }]
[[package]]
name = "jinja2"
version = "3.1.2"
source = { registry = "https://pypi.org/simple" }
"""
POETRY = """\
[[package]]
name = "Flask"
version = "3.0.0"
[package.dependencies]
Jinja2 = ">=3"
[[package]]
name = "jinja2"
version = "3.1.2"
"""


@pytest.mark.parametrize(("path", "text"), [("uv.lock", UV), ("api/poetry.lock", POETRY)])
def test_python_locks(path: str, text: str) -> None:
    told = found(path, text)
    assert names(told) == ["pkg:pypi/flask@3.0.0", "pkg:pypi/jinja2@3.1.2"]
    assert needs(told, "pkg:pypi/flask@3.0.0") == {"pkg:pypi/jinja2@3.1.2"}


def test_requirements_that_are_not_pinned_are_a_gap() -> None:
    text = (
        "# tools\nFlask==3.0.0 --hash=sha256:aa \\\n  --hash=sha256:bb\nrequests>=2\n-r more.txt\n"
    )
    told = found("requirements-dev.txt", text)
    assert names(told) == ["pkg:pypi/flask@3.0.0"]
    assert told.gaps == ("requirements-dev.txt does not pin requests",)


GO_MOD = """\
module example.com/shop

go 1.22

require golang.org/x/text v0.3.7 // why

require (
\tgithub.com/gin-gonic/gin v1.9.0
\tgolang.org/x/net v0.7.0 // indirect
\texample.com/local v1.0.0
)

replace golang.org/x/net v0.7.0 => golang.org/x/net v0.17.0

replace example.com/local => ../local
"""


def test_go_modules() -> None:
    told = found("go.mod", GO_MOD)
    assert names(told) == [
        "pkg:golang/github.com/gin-gonic/gin@v1.9.0",
        "pkg:golang/golang.org/x/net@v0.17.0",
        "pkg:golang/golang.org/x/text@v0.3.7",
    ]
    assert "pkg:golang/golang.org/x/net@v0.17.0" not in told.roots
    assert told.gaps == ("go.mod takes example.com/local from a folder",)


def go_binary(*lines: str, version: str = "go1.22.1") -> bytes:
    def text(data: bytes) -> bytes:
        length, out = len(data), b""
        while length > 0x7F:
            out, length = out + bytes([length & 0x7F | 0x80]), length >> 7
        return out + bytes([length]) + data

    modules = b"\x01" * 16 + ("\n".join(lines) + "\n").encode() + b"\x02" * 16
    head = BUILD_INFO_MAGIC + bytes([8, 2])
    return head.ljust(32, b"\0") + text(version.encode()) + text(modules) + b"more"


def test_modules_inside_of_a_go_binary() -> None:
    data = go_binary(
        "path\texample.com/shop",
        "mod\texample.com/shop\t(devel)\t",
        "dep\tgolang.org/x/net\tv0.7.0\th1:x=",
        "dep\tgolang.org/x/text\tv0.3.7\th1:x=",
        "=>\tgolang.org/x/text\tv0.3.8\th1:y=",
    )
    told = found("app/shop.go-buildinfo", data, installed=True)
    assert names(told) == [
        "pkg:golang/golang.org/x/net@v0.7.0",
        "pkg:golang/golang.org/x/text@v0.3.8",
        "pkg:golang/stdlib@1.22.1",
    ]
    assert {package.location for package in told.packages} == {"app/shop"}


@pytest.mark.parametrize(
    "data", [b"", BUILD_INFO_MAGIC + bytes(18), go_binary("dep\ta\tv1")[:50], go_binary()[:33]]
)
def test_a_binary_that_cannot_be_read_is_a_gap(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        build_information(data)
    told = found("app/shop.go-buildinfo", data, installed=True)
    assert told.gaps[0].startswith("app/shop cannot be read")


def jar(**members: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


LOG4J = jar(
    **{
        "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties": "#Created\n"
        "groupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n"
    }
)
GUAVA = jar(
    **{
        "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\n"
        "Bundle-SymbolicName: com.google.guava.g\r\n uava\r\n"
    }
)


def test_jars_inside_of_jars() -> None:
    fat = jar(**{"BOOT-INF/lib/log4j-core-2.14.1.jar": LOG4J, "lib/guava-31.1-jre.jar": GUAVA})
    told = found("app/shop.jar", fat, installed=True)
    assert names(told) == [
        "pkg:maven/com.google.guava/guava@31.1-jre",
        "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
    ]


def test_a_jar_that_is_none_or_too_deep_is_a_gap() -> None:
    assert "cannot be read" in found("a.jar", b"PK", installed=True).gaps[0]
    deep = LOG4J
    for _ in range(5):
        deep = jar(**{"inner.jar": deep})
    assert "deep in each other" in found("a.jar", deep, installed=True).gaps[0]


POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent><groupId>com.example</groupId><version>2.0</version></parent>
  <artifactId>shop</artifactId>
  <properties><log4j.version>2.14.1</log4j.version></properties>
  <dependencyManagement><dependencies>
    <dependency><groupId>org.yaml</groupId><artifactId>snakeyaml</artifactId><version>1.30</version></dependency>
  </dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>${log4j.version}</version>
      <exclusions><exclusion><groupId>x</groupId><artifactId>y</artifactId></exclusion></exclusions></dependency>
    <dependency><groupId>org.yaml</groupId><artifactId>snakeyaml</artifactId></dependency>
    <dependency><groupId>${project.groupId}</groupId><artifactId>own</artifactId><version>${project.version}</version></dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13</version><scope>test</scope></dependency>
    <dependency><groupId>a</groupId><artifactId>unknown</artifactId></dependency>
  </dependencies>
</project>
"""


def test_a_project_file_of_maven() -> None:
    told = found("pom.xml", POM)
    assert [(p.name, p.version, p.development) for p in told.packages] == [
        ("com.example:own", "2.0", False),
        ("junit:junit", "4.13", True),
        ("org.apache.logging.log4j:log4j-core", "2.14.1", False),
        ("org.yaml:snakeyaml", "1.30", False),
    ]
    assert told.gaps == (
        "pom.xml does not say what its dependencies need",
        "pom.xml gives no version of a:unknown",
    )


def test_entities_are_refused() -> None:
    bomb = '<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><project>&b;</project>'
    assert "declares entities" in found("pom.xml", bomb).gaps[0]


DPKG = """\
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.11-1~deb12u2
Depends: libc6 (>= 2.34), libssl3t64 | libssl3 (>= 3.0.9)
Description: toolkit
 Many lines.
 .

Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.11-1~deb12u2)
Version: 3.0.11-1~deb12u2

Package: gone
Status: deinstall ok config-files
Version: 1
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: Apache-2.0

Files: debian/*
License: GPL-2+
 The text.
"""


def test_packages_of_debian() -> None:
    files = {
        "var/lib/dpkg/status": DPKG.encode(),
        "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
        "usr/share/doc/openssl/copyright": COPYRIGHT.encode(),
    }
    told = catalogue(read_all(files), installed=True)
    libssl, openssl = told.packages
    assert openssl.purl == ("pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12")
    assert openssl.license_expression == "Apache-2.0 AND GPL-2.0-or-later"
    assert libssl.source == ("openssl", "3.0.11-1~deb12u2")
    assert (openssl.ecosystem, set(told.systems)) == ("Debian:12", {"Debian:12"})
    assert needs(told, openssl.purl) == {libssl.purl}


APK = """\
C:Q1abc=
P:libcrypto3
V:3.1.4-r1
A:x86_64
L:Apache-2.0
o:openssl
p:so:libcrypto.so.3=3
F:lib
R:libcrypto.so.3
Z:Q1xyz=

P:busybox
V:1.36.1-r5
A:x86_64
L:GPL-2.0-only
o:busybox
D:so:libcrypto.so.3>=3 !conflict
"""


def test_packages_of_alpine() -> None:
    files = {
        "lib/apk/db/installed": APK.encode(),
        "etc/os-release": b"ID=alpine\nVERSION_ID=3.18.4\n",
    }
    told = catalogue(read_all(files), installed=True)
    busybox, libcrypto = told.packages
    assert busybox.purl == "pkg:apk/alpine/busybox@1.36.1-r5?arch=x86_64&distro=alpine-3.18"
    assert (libcrypto.ecosystem, libcrypto.source) == ("Alpine:v3.18", ("openssl", "3.1.4-r1"))
    assert needs(told, busybox.purl) == {libcrypto.purl}


def test_a_source_tree_has_no_system_and_an_image_no_locks() -> None:
    assert found("var/lib/dpkg/status", DPKG).packages == ()
    assert found("app/uv.lock", UV, installed=True).packages == ()
