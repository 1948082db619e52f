from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from idp.capabilities.scanning.contents import is_metadata, read_contents
from idp.capabilities.scanning.image import read_image
from idp.capabilities.scanning.sbom import Bill, bill_of_materials, read_bill
from idp.kernel.errors import VerificationFailed

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft7Validator:
    """The official schema of CycloneDX 1.6."""
    bom, *others = (
        (name, orjson.loads((DATA / name).read_bytes()))
        for name in (f"{part}.SNAPSHOT.schema.json" for part in ("bom-1.6", "spdx", "jsf-0.82"))
    )
    registry = jsonschema_rs.Registry(
        [(f"http://cyclonedx.org/schema/{name}", body) for name, body in others]
    )
    return jsonschema_rs.Draft7Validator(bom[1], registry=registry)


async def bill_of(images: Any, folder: Path, files: dict[str, bytes], **config: Any) -> Any:
    digest = await images.push(images.layer_of(files), config={**images.built, **config})
    image = await read_image(images.registry, "demo/hello", digest, folder, is_metadata)
    return bill_of_materials(image, read_contents(image), "0.1.0")


@pytest.fixture
def files(images: Any) -> dict[str, bytes]:
    flask = images.distribution(
        "Flask", "3.0.0", "License-Expression: BSD-3-Clause", "Requires-Dist: jinja2>=3"
    )
    jinja = images.distribution(
        "Jinja2", "3.1.6", "Classifier: License :: OSI Approved :: BSD License"
    )
    return {**flask, **jinja, "app/hello/__main__.py": b"print('hello')\n"}


async def test_the_document_follows_the_official_schema(
    images: Any, tmp_path: Path, files: dict[str, bytes], schema: jsonschema_rs.Draft7Validator
) -> None:
    document = await bill_of(images, tmp_path, files)
    assert [error.message for error in schema.iter_errors(document)] == []
    assert not schema.is_valid({**document, "components": [{"name": "without a type"}]})


async def test_distributions_are_components(
    images: Any, tmp_path: Path, files: dict[str, bytes]
) -> None:
    document = await bill_of(images, tmp_path, files)
    libraries = {c["name"]: c for c in document["components"] if c["type"] == "library"}
    assert list(libraries) == ["flask", "jinja2"]
    flask, jinja = libraries["flask"], libraries["jinja2"]
    assert (flask["purl"], flask["version"]) == ("pkg:pypi/flask@3.0.0", "3.0.0")
    assert flask["licenses"] == [{"expression": "BSD-3-Clause"}]
    assert jinja["licenses"] == [{"license": {"name": "BSD License"}}]
    assert len(flask["hashes"][0]["content"]) == 64


async def test_the_graph_goes_from_the_image_to_every_component(
    images: Any, tmp_path: Path, files: dict[str, bytes]
) -> None:
    document = await bill_of(images, tmp_path, files)
    edges = {edge["ref"]: edge["dependsOn"] for edge in document["dependencies"]}
    image = document["metadata"]["component"]["bom-ref"]
    assert edges[image] == ["own-files"]
    assert edges["own-files"] == ["pkg:pypi/flask@3.0.0", "runtime"]
    assert edges["pkg:pypi/flask@3.0.0"] == ["pkg:pypi/jinja2@3.1.6"]
    assert set(edges) == {image} | {c["bom-ref"] for c in document["components"]}


async def test_the_hosts_runtime_is_named(
    images: Any, tmp_path: Path, files: dict[str, bytes]
) -> None:
    document = await bill_of(images, tmp_path, files)
    (runtime,) = (c for c in document["components"] if c["type"] == "platform")
    assert (runtime["name"], runtime["version"], runtime["scope"]) == ("python", "3.11", "required")
    assert runtime["properties"] == [{"name": "platform.idp:base", "value": "host"}]


async def test_the_same_image_gives_the_same_document(
    images: Any, tmp_path: Path, files: dict[str, bytes]
) -> None:
    first = await bill_of(images, tmp_path, files)
    assert await bill_of(images, tmp_path, files) == first
    assert first["metadata"]["timestamp"] == "2026-11-20T10:00:00Z"
    other = await bill_of(images, tmp_path, {**files, "app/more.py": b"1"})
    assert other["serialNumber"] != first["serialNumber"]


async def test_a_static_site_has_its_files_as_one_component(
    images: Any, tmp_path: Path, schema: jsonschema_rs.Draft7Validator
) -> None:
    labels = {"platform.idp/base": "host", "platform.idp/runtime": "static"}
    config = {"WorkingDir": "/app", "Labels": labels}
    files = {"app/site/index.html": b"<h1>", "app/site/a.css": b""}
    document = await bill_of(images, tmp_path, files, config=config)
    assert [error.message for error in schema.iter_errors(document)] == []
    (own,) = (c for c in document["components"] if c["type"] == "application")
    assert {"name": "platform.idp:files", "value": "2"} in own["properties"]
    assert read_bill(document) == Bill(frozenset(), brings_system=False)


async def test_an_image_with_its_own_system_says_so(
    images: Any, tmp_path: Path, schema: jsonschema_rs.Draft7Validator
) -> None:
    document = await bill_of(images, tmp_path, {"bin/sh": b""}, config={}, created=None)
    assert [error.message for error in schema.iter_errors(document)] == []
    assert read_bill(document).brings_system


async def test_a_distribution_that_is_there_twice_is_listed_once(
    images: Any, tmp_path: Path, files: dict[str, bytes], schema: jsonschema_rs.Draft7Validator
) -> None:
    copies = {path.replace("site-packages", "vendored"): data for path, data in files.items()}
    document = await bill_of(images, tmp_path, {**files, **copies})
    assert [error.message for error in schema.iter_errors(document)] == []
    assert [c["name"] for c in document["components"] if c["type"] == "library"] == [
        "flask",
        "jinja2",
    ]


async def test_what_matching_needs_is_read_back(
    images: Any, tmp_path: Path, files: dict[str, bytes]
) -> None:
    bill = read_bill(await bill_of(images, tmp_path, files))
    assert bill == Bill(
        frozenset({("PyPI", "flask", "3.0.0"), ("PyPI", "jinja2", "3.1.6")}), brings_system=False
    )


def test_of_two_bills_neither_takes_anything_away() -> None:
    one = Bill(frozenset({("npm", "a", "1")}), brings_system=False)
    two = Bill(frozenset({("npm", "b", "1")}), brings_system=True)
    assert one | two == Bill(frozenset({("npm", "a", "1"), ("npm", "b", "1")}), brings_system=True)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"bomFormat": "CycloneDX"},
        {"bomFormat": "SPDX", "components": []},
        {"bomFormat": "CycloneDX", "components": [{"purl": "pkg:pypi/a@1"}]},
    ],
)
def test_another_document_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(VerificationFailed):
        read_bill(document)
