"""The machine's own runtime, as images with the label `platform.idp/base: host` see it.

Programs and libraries (`/usr`, Python) appear read-only at the paths that they have here, because
compiled paths and `pyvenv.cfg` point there. Of `/etc` only what a network client needs appears;
users, keys and the platform's own files do not.
"""

from __future__ import annotations

import sys
from pathlib import Path

_PROGRAMS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "gai.conf",
    "host.conf",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "pki",
    "protocols",
    "resolv.conf",
    "services",
    "ssl",
)
STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NETWORK_FILES = ("etc/hosts", "etc/resolv.conf")
"""What also an image with a root of its own needs from the machine."""


def python_prefix() -> Path:
    """Where the Python that runs the platform is installed, without its virtual environment."""
    return Path(sys.base_prefix).resolve()


def search_path(own: str) -> str:
    """`PATH` with the machine's Python first."""
    return f"{python_prefix() / 'bin'}:{own or STANDARD_PATH}"


def top_level_names() -> frozenset[str]:
    """Folders of the root that belong to the runtime; an image on it must not bring them."""
    return frozenset(name for name in _PROGRAMS if Path("/", name).exists())


def arguments() -> list[str]:
    """Bubblewrap arguments that show the runtime."""
    result: list[str] = []
    for name in _PROGRAMS:
        path = Path("/", name)
        if path.is_symlink():
            result += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            result += ["--ro-bind", str(path), str(path)]
    for name in _ETC:
        path = Path("/etc", name)
        if path.exists():
            result += ["--ro-bind", str(path), str(path)]
    prefix = python_prefix()
    if not prefix.is_relative_to("/usr"):
        result += ["--ro-bind", str(prefix), str(prefix)]
    return result
