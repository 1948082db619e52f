"""Python dependencies through uv, in a sandbox. Implements `ports.Installer`.

Only wheels are installed and none of their code runs; the sandbox is a second wall. uv sees the
source read-only, and may write to the build's folder and to its cache.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import uv

from idp.capabilities.building.clients.host import HostRuntime
from idp.capabilities.building.clients.sandbox import Command, Finished, Sandbox
from idp.capabilities.building.locks import MAX_LOCK
from idp.kernel.errors import IdpError, InvalidInput, Unavailable, VerificationFailed
from idp.kernel.logging import redact

_TIMEOUT = 900.0
_PASSED_ON = ("UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_UNREACHABLE = (
    "error sending request",
    "failed to fetch",
    "dns error",
    "connection refused",
    "timed out",
    "network connectivity is disabled",
)


class UvInstaller:
    """uv from this installation, for the host's Python.

    Args:
        runtime: The interpreter that wheels are chosen for.
        cache: uv's cache; it makes a second build fast.
        settings: Environment variables for uv (such as `UV_DEFAULT_INDEX`) over those of this
            process.
        sandbox: Where it runs; None finds out what the machine has.
    """

    def __init__(
        self,
        runtime: HostRuntime,
        cache: Path,
        *,
        settings: Mapping[str, str] | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        self._runtime = runtime
        self._cache = cache
        self._settings = {**_inherited(), **(settings or {})}
        self._sandbox = sandbox
        self._program = Path(uv.find_uv_bin())
        self._version = ""

    async def version(self) -> str:
        """See `Installer.version`."""
        if not self._version:
            self._cache.mkdir(parents=True, exist_ok=True)
            finished = await self._run(("--version",), self._cache)
            self._version = " ".join(finished.output.split()[:2])
        return self._version

    async def sandbox(self) -> str:
        """See `Installer.sandbox`."""
        return (await self._find_sandbox()).name

    async def export_lock(self, source: Path, work: Path) -> str:
        """See `Installer.export_lock`."""
        target = work / "pylock.toml"
        finished = await self._run(
            (
                "export",
                *("--project", str(source), "--format", "pylock.toml", "-o", str(target)),
                *("--frozen", "--no-dev", "--no-emit-project", "--no-header", "--quiet"),
                "--no-config",
            ),
            work,
            readable=(source,),
        )
        if finished.code != 0 or target.is_symlink() or target.stat().st_size > MAX_LOCK:
            raise InvalidInput(
                f"uv.lock cannot be read: {_reason(finished)}",
                remedy="Run `uv lock`, commit uv.lock and push again.",
            )
        return target.read_text(encoding="utf-8")

    async def install(self, requirements: str, into: Path, work: Path) -> None:
        """See `Installer.install`. Also compiles to bytecode that does not depend on dates."""
        file = work / "requirements.txt"
        file.write_text(requirements, encoding="utf-8")
        finished = await self._run(
            (
                *("pip", "install", "--requirements", str(file), "--target", str(into)),
                *("--no-deps", "--require-hashes", "--only-binary", ":all:"),
                *("--python", str(self._runtime.python), "--no-python-downloads"),
                # Files are changed afterwards, which must not reach the cache through hard links.
                *("--link-mode", "copy", "--no-compile-bytecode", "--no-progress", "--quiet"),
            ),
            work,
            network=True,
        )
        if finished.code != 0:
            raise _failure(finished)
        await self._compile(into, work)

    async def _compile(self, folder: Path, work: Path) -> None:
        """Compile what can be compiled.

        One process, a fixed order and a fixed hash seed give the same bytes every time; the hash
        of the source in place of its date is not checked when the module is imported. Files that
        do not compile (templates, other versions of Python) stay as they are.
        """
        sandbox = await self._find_sandbox()
        await sandbox.run(
            Command(
                (
                    *(str(self._runtime.python), "-I", "-m", "compileall", "-q", "-q", "-f"),
                    *("--invalidation-mode", "unchecked-hash", "-s", str(folder)),
                    *("-p", "/app/site-packages", str(folder)),
                ),
                {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8"},
                work,
                readable=(self._runtime.base,),
            ),
            timeout=_TIMEOUT,
        )

    async def _run(
        self,
        arguments: tuple[str, ...],
        work: Path,
        *,
        readable: tuple[Path, ...] = (),
        network: bool = False,
    ) -> Finished:
        self._cache.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            **self._settings,
            "HOME": str(work),
            "UV_CACHE_DIR": str(self._cache),
            "UV_PYTHON": str(self._runtime.python),
        }
        command = Command(
            (str(self._program), *arguments),
            environment,
            work,
            readable=(self._program, self._runtime.base, *readable, *self._local_sources()),
            writable=(self._cache,),
            network=network,
        )
        return await (await self._find_sandbox()).run(command, timeout=_TIMEOUT)

    async def _find_sandbox(self) -> Sandbox:
        if self._sandbox is None:
            self._sandbox = await Sandbox.find()
        return self._sandbox

    def _local_sources(self) -> list[Path]:
        """Files that the settings name: folders of wheels, certificates, a configuration."""
        named = (value for values in self._settings.values() for value in values.split())
        return [Path(value) for value in named if value.startswith("/")]


def _inherited() -> dict[str, str]:
    """What a child of this process must know to reach a package index: index, proxy, certificates.

    The user's own uv configuration is given by name, for uv's home here is the build's folder.
    """
    found = {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith(_PASSED_ON)
        and name not in ("UV_CACHE_DIR", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT")
    }
    configuration = Path.home() / ".config" / "uv" / "uv.toml"
    if configuration.is_file():
        found.setdefault("UV_CONFIG_FILE", str(configuration))
    return found


def _failure(finished: Finished) -> IdpError:
    reason = _reason(finished)
    lowered = finished.output.lower()
    if "hash mismatch" in lowered:
        return VerificationFailed(
            f"a dependency is not what the lock says: {reason}",
            remedy="Find out why the index gives other content; if it may, run `uv lock` again.",
        )
    if any(sign in lowered for sign in _UNREACHABLE):
        return Unavailable(
            f"the package index does not answer: {reason}",
            remedy="Check the network, `UV_DEFAULT_INDEX` and the proxy settings.",
        )
    return InvalidInput(
        f"the dependencies cannot be installed: {reason}",
        remedy="Run `uv lock`, try `uv sync` on your machine, then push again.",
    )


def _reason(finished: Finished) -> str:
    lines = [line.strip() for line in finished.output.splitlines() if line.strip()]
    text: str = redact(" ".join(lines[-12:]))
    return text or f"uv ended with code {finished.code}"
