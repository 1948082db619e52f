"""Infrastructure as code: our own Rego rules over manifests, Dockerfiles and Terraform's JSON.

Runs: the rules of `rules/`, in the process of `idp.protocols.rego`, which has limits on time and
memory and no way to the network.
Covers: Kubernetes manifests, Dockerfiles, `*.tf.json` and plans. Not HCL, Helm charts, Kustomize.
Without a network: complete.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from idp.capabilities.scanning.decide import lowest_score
from idp.capabilities.scanning.fingerprints import context_of
from idp.capabilities.scanning.manifests import module_of, read_inputs
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete, incomplete
from idp.capabilities.scanning.scanners.ports import Target
from idp.kernel.errors import IdpError
from idp.protocols.rego import evaluate

NAME = "infrastructure"
MAX_FILE_BYTES = 4 * 2**20
_TOLD = 5


class Infrastructure:
    """Applies the rules."""

    name = NAME
    covers = "manifests, Dockerfiles and Terraform"

    def __init__(self, timeout: float = 10.0) -> None:
        self._timeout = timeout

    async def run(self, target: Target) -> ScannerReport:
        """Look at the application's own files.

        Raises:
            Invalid: It is not known which those are.
        """
        sources = target.require_sources()
        return await asyncio.to_thread(judge_folder, sources, self._timeout)


@cache
def rules(module: str) -> str:
    """The rules about one kind of file."""
    return (files("idp.capabilities.scanning") / "rules" / f"{module}.rego").read_text()


def judge_folder(folder: Path, timeout: float = 10.0) -> ScannerReport:
    """Apply the rules to every file that they are about; what cannot be read is a gap."""
    findings: list[Finding] = []
    gaps: list[str] = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        module = module_of(relative)
        if not module or path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size > MAX_FILE_BYTES:
            gaps.append(f"/{relative} is too large")
            continue
        try:
            findings += judge_text(relative, module, path.read_text(), timeout)
        except (IdpError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            gaps.append(f"/{relative}: {_line(error)}")
    if gaps:
        told = "; ".join(gaps[:_TOLD]) + (f" and {len(gaps) - _TOLD} more" if gaps[_TOLD:] else "")
        reason = f"files that could not be looked at: {told}"
        return incomplete(NAME, reason, version=version("idp"), findings=findings)
    return complete(NAME, version("idp"), findings)


def judge_text(path: str, module: str, text: str, timeout: float = 10.0) -> list[Finding]:
    """Apply the rules to one file.

    Raises:
        IdpError: The rules gave no answer.
        ValueError, yaml.YAMLError: The file cannot be read.
    """
    return [
        _finding(path, text, facts, body)
        for facts in read_inputs(module, text)
        for body in _ask(module, facts, timeout)
    ]


def _ask(module: str, facts: dict[str, Any], timeout: float) -> Iterator[dict[str, Any]]:
    query = f"data.idp.iac.{module}.findings"
    answer = evaluate({f"{module}.rego": rules(module)}, query, facts, timeout=timeout)
    if not isinstance(answer, list):
        raise ValueError("the rules gave no answer")
    yield from answer


def _finding(path: str, text: str, facts: dict[str, Any], body: dict[str, Any]) -> Finding:
    line = int(body.get("line") or 0)
    named = facts.get("document") or {}
    metadata = named.get("metadata") if isinstance(named, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    subject = f"{named.get('kind')} {name}: " if name else ""
    flagged = text.splitlines()[line - 1 : line] if line else [subject, body["summary"]]
    secret = body["id"] == "docker-secret"
    return Finding(
        id=body["id"],
        severity=lowest_score(body["severity"]),
        summary=f"{subject}{body['summary']}"[:500],
        location=f"/{path}:{line}" if line else f"/{path}",
        context="" if secret else context_of(flagged),
    )


def _line(error: Exception) -> str:
    text = error.message if isinstance(error, IdpError) else str(error)
    return " ".join(text.split())[:200]
