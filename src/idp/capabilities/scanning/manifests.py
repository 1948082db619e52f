"""What the rules about infrastructure look at: manifests, Dockerfiles and Terraform, read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import orjson
import yaml

MAX_DOCUMENTS = 2000
_DOCKERFILE = re.compile(r"(Docker|Container)file(\.[\w.-]+)?$|.*\.[Dd]ockerfile$")
_FROM = re.compile(r"(?:--\S+\s+)*(\S+)(?:\s+[Aa][Ss]\s+(\S+))?\s*$")
_HEREDOC = re.compile(r"<<-?([\"']?)(\w+)\1")


def module_of(path: str) -> str:
    """Which rules are about a file: `kubernetes`, `dockerfile`, `terraform`; empty for none."""
    name = PurePosixPath(path).name
    if _DOCKERFILE.fullmatch(name):
        return "dockerfile"
    if name.endswith((".tf.json", ".tfplan.json")):
        return "terraform"
    return "kubernetes" if name.endswith((".yaml", ".yml", ".json")) else ""


def read_inputs(module: str, text: str) -> list[dict[str, Any]]:
    """What each evaluation of the rules sees.

    Raises:
        ValueError, yaml.YAMLError: It cannot be read as what its name says.
    """
    if module == "dockerfile":
        return [{"instructions": list(_instructions(text))}]
    if module == "terraform":
        return [{"resources": list(_resources(orjson.loads(text)))}]
    return [{"document": document} for document in _documents(text)]


def _documents(text: str) -> list[dict[str, Any]]:
    """Kubernetes objects, also those in a List; other YAML is about something else.

    A file without the two words that every manifest has is not parsed at all.
    """
    if "apiVersion" not in text or "kind" not in text:
        return []
    found: list[dict[str, Any]] = []
    for document in yaml.safe_load_all(text):
        if isinstance(document, dict) and "kind" in document and "apiVersion" in document:
            items = document.get("items") if str(document["kind"]).endswith("List") else None
            listed = items if isinstance(items, list) else [document]
            found += [item for item in listed if isinstance(item, dict)]
        if len(found) > MAX_DOCUMENTS:
            raise ValueError(f"it holds more than {MAX_DOCUMENTS} objects")
    return found


def _instructions(text: str) -> Iterator[dict[str, Any]]:
    """https://docs.docker.com/reference/dockerfile/: continuations and here-documents joined."""
    stage = -1
    for number, line in _logical_lines(text):
        name, _, rest = line.partition(" ")
        name, rest = name.upper(), rest.strip()
        instruction = {"name": name, "text": rest, "line": number, "image": "", "alias": ""}
        if name == "FROM":
            stage += 1
            if match := _FROM.match(rest):
                instruction |= {"image": match.group(1), "alias": match.group(2) or ""}
        yield {**instruction, "stage": stage}


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        while words.endswith("\\"):
            words = words[:-1].rstrip() + " "
            for _, more in lines:
                if not more.strip().startswith("#"):
                    words += more.strip()
                    break
            else:
                break
        if match := _HEREDOC.search(words):
            for _, more in lines:
                if more.strip() == match.group(2):
                    break
                words += f"; {more.strip()}"
        yield number, words


def _resources(document: Any) -> Iterator[dict[str, Any]]:
    """Of a configuration (`resource` by type and name), or of a plan (`planned_values`)."""
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    if "planned_values" in document:
        yield from _planned(document["planned_values"].get("root_module") or {})
    for kind, named in (document.get("resource") or {}).items():
        for name, blocks in named.items():
            for values in blocks if isinstance(blocks, list) else [blocks]:
                yield {"type": kind, "name": name, "values": values}


def _planned(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in module.get("resources") or ():
        yield {key: resource[key] for key in ("type", "name", "values")}
    for child in module.get("child_modules") or ():
        yield from _planned(child)
