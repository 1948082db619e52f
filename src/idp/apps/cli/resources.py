"""What `get`, `describe`, `apply` and `delete` do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import yaml

from idp.apps.cli.connection import connect
from idp.apps.cli.discovery import choose, choose_by_kind, discover
from idp.apps.cli.options import Format
from idp.apps.cli.output import write_table, write_value
from idp.apps.platform.layout import Layout
from idp.kernel.errors import Invalid, InvalidInput, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import EVENT
from idp.kernel.strict_yaml import load_documents

FIELD_MANAGER = "idp-cli"
LARGEST_FILE = 3 * 2**20
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_MANIFESTS = (".yaml", ".yml", ".json")


async def show(
    layout: Layout,
    user: str | None,
    environment: str,
    kind: str,
    name: str | None,
    namespace: str | None,
    selector: str | None,
    output: Format,
) -> None:
    """List the objects of a kind, or show one; the server makes the table."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        type_ = choose(await discover(client), kind)
        namespace = namespace if type_.namespaced else None
        path = type_.path(namespace, name)
        if output is Format.TABLE:
            query = {"labelSelector": selector} if selector else None
            table = await client.request_object("GET", path, accept=_TABLE, query=query)
            _print_table(table, type_, namespace, environment)
        elif name is not None:
            _write_one(await client.get(type_, name, namespace), output)
        else:
            listed = await client.list(type_, namespace, label_selector=selector)
            if output is Format.NAME:
                for item in listed.items:
                    _write_one(item, output)
            else:
                write_value([_without_bookkeeping(item) for item in listed.items], output)


def _write_one(manifest: Manifest, output: Format) -> None:
    if output is Format.NAME:
        typer.echo(f"{manifest['kind'].lower()}/{manifest['metadata']['name']}")
    else:
        write_value(_without_bookkeeping(manifest), output)


def _without_bookkeeping(manifest: Manifest) -> Manifest:
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "managedFields"}
    return {**manifest, "metadata": metadata}


def _print_table(
    table: Manifest, type_: ResourceType, namespace: str | None, environment: str
) -> None:
    columns = [c for c in table["columnDefinitions"] if not c.get("priority")]
    kept = [i for i, c in enumerate(table["columnDefinitions"]) if not c.get("priority")]
    rows: list[list[str]] = []
    everywhere = type_.namespaced and namespace is None
    for row in table.get("rows") or []:
        cells = ["" if row["cells"][i] is None else str(row["cells"][i]) for i in kept]
        if everywhere:
            cells.insert(0, row["object"]["metadata"].get("namespace", ""))
        rows.append(cells)
    titles = [*(["Namespace"] if everywhere else []), *(c["name"] for c in columns)]
    if rows:
        write_table(titles, rows)
    else:
        where = f" in the namespace {namespace}" if namespace else ""
        typer.echo(f"There are no {type_.plural}{where} in {environment}.", err=True)


async def describe(
    layout: Layout, user: str | None, environment: str, kind: str, name: str, namespace: str
) -> None:
    """Show an object, its conditions with remedies, and its events."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        type_ = choose(await discover(client), kind)
        manifest = await client.get(type_, name, namespace if type_.namespaced else None)
        events = await client.list(
            EVENT,
            manifest["metadata"].get("namespace"),
            field_selector=f"involvedObject.uid={manifest['metadata']['uid']}",
        )
    body = _without_bookkeeping(manifest)
    conditions = (body.get("status") or {}).pop("conditions", [])
    typer.echo(yaml.safe_dump(body, sort_keys=False, allow_unicode=True).rstrip())
    for condition in conditions:
        typer.echo(_condition(condition))
    for event in events.items:
        times = f" (x{event['count']})" if event.get("count", 1) > 1 else ""
        typer.echo(f"event {event['type']} {event['reason']}: {event['message']}{times}")


def _condition(condition: Manifest) -> str:
    text = f"condition {condition['type']}={condition['status']} {condition.get('reason', '')}"
    if condition.get("message"):
        text += f": {condition['message']}"
    if condition.get("remedy"):
        text += f"\n  Next: {condition['remedy']}"
    return text


async def apply_files(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    files: list[Path],
    *,
    dry_run: bool,
) -> None:
    """Apply every manifest; the first that is refused ends it."""
    manifests = [manifest for file in files for manifest in read_manifests(file)]
    if not manifests:
        raise InvalidInput("there are no manifests in what was given", remedy="Name files with -f.")
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        served = await discover(client)
        for manifest in manifests:
            await _apply_one(client, choose_by_kind(served, manifest), manifest, namespace, dry_run)


async def _apply_one(
    client: HttpClient, type_: ResourceType, manifest: Manifest, namespace: str, dry_run: bool
) -> None:
    metadata: dict[str, Any] = dict(manifest.get("metadata") or {})
    if type_.namespaced:
        metadata.setdefault("namespace", namespace)
    try:
        applied = await client.apply(
            type_,
            {**manifest, "metadata": metadata},
            field_manager=FIELD_MANAGER,
            dry_run=dry_run,
            strict=True,
        )
    except (Invalid, InvalidInput) as error:
        if error.remedy is None:
            error.remedy = f"`idp-cli explain {type_.kind.lower()}` shows every field."
        raise
    how = " (checked only)" if dry_run else ""
    typer.echo(f"{type_.kind.lower()}/{applied['metadata']['name']} applied{how}")


def read_manifests(path: Path) -> Iterator[Manifest]:
    """Read the manifests of a file, of all files of a folder, or of standard input (`-`).

    Raises:
        InvalidInput: Something is not a manifest, or not plain YAML.
        NotFound: There is no such file.
        TooLarge: A file has more than 3 MiB.
    """
    if str(path) == "-":
        yield from _parse("standard input", sys.stdin.buffer.read(LARGEST_FILE + 1))
        return
    if not path.exists():
        raise NotFound(f"there is no file {path}", remedy="Check the path given with -f.")
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in _MANIFESTS)
    for file in files:
        with file.open("rb") as opened:
            yield from _parse(str(file), opened.read(LARGEST_FILE + 1))


def _parse(name: str, data: bytes) -> Iterator[Manifest]:
    for document in load_documents(data, name=name, limit=LARGEST_FILE):
        if not isinstance(document, dict) or not document.get("kind"):
            raise InvalidInput(
                f"{name} holds something that is not a manifest: it has no kind",
                remedy="Every document needs apiVersion, kind and metadata.name.",
            )
        yield document


async def delete_objects(
    layout: Layout, user: str | None, environment: str, kind: str, names: list[str], namespace: str
) -> None:
    """Delete objects of one kind."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        type_ = choose(await discover(client), kind)
        for name in names:
            await client.delete(type_, name, namespace if type_.namespaced else None)
            typer.echo(f"{type_.kind.lower()}/{name} deleted")
