"""SPDX by the validator that the SPDX project publishes, CycloneDX by its official schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from idp.apps.cli.bills import bill_of_folder
from idp.capabilities.scanning.contents import is_metadata, read_contents
from idp.capabilities.scanning.image import read_image
from idp.capabilities.scanning.packages import catalogue, read_all
from idp.capabilities.scanning.sbom import bill_of_materials, read_bill, source_bill
from idp.capabilities.scanning.spdx import spdx_document
from idp.kernel.errors import NotFound

DATA = Path(__file__).parent / "data"
FILES = {
    "var/lib/dpkg/status": b"Package: bash\nStatus: install ok installed\nVersion: 5.2.15-2+b2\n"
    b"Source: bash (5.2.15-2)\nArchitecture: amd64\n",
    "etc/os-release": b"ID=debian\nVERSION_ID=12\n",
    "srv/node_modules/@a/b/package.json": b'{"name": "@a/b", "version": "1.0.0",'
    b'"license": "SEE LICENSE IN LICENSE.txt"}',
}


def wrong_in(document: dict[str, Any]) -> list[str]:
    parsed = JsonLikeDictParser().parse(document)  # type: ignore[no-untyped-call]
    return [message.validation_message for message in validate_full_spdx_document(parsed)]


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft7Validator:
    bom, *others = (
        (name, orjson.loads((DATA / name).read_bytes()))
        for name in (f"{part}.SNAPSHOT.schema.json" for part in ("bom-1.6", "spdx", "jsf-0.82"))
    )
    registry = jsonschema_rs.Registry(
        [(f"http://cyclonedx.org/schema/{name}", body) for name, body in others]
    )
    return jsonschema_rs.Draft7Validator(bom[1], registry=registry)


async def test_an_image_with_a_system(
    images: Any, tmp_path: Path, schema: jsonschema_rs.Draft7Validator
) -> None:
    flask = images.distribution("Flask", "3.0.0", "License-Expression: BSD-3-Clause")
    digest = await images.push(
        images.layer_of({**FILES, **flask}), config={**images.built, "config": {}}
    )
    image = await read_image(images.registry, "demo/hello", digest, tmp_path, is_metadata)
    document = bill_of_materials(image, read_contents(image), "0.1.0")
    assert [error.message for error in schema.iter_errors(document)] == []
    bill = read_bill(document)
    assert not bill.brings_system
    assert bill.packages == {
        ("PyPI", "flask", "3.0.0"),
        ("Debian:12", "bash", "5.2.15-2"),
        ("npm", "@a/b", "1.0.0"),
    }
    spdx = spdx_document(document)
    assert wrong_in(spdx) == []
    (license_,) = spdx["hasExtractedLicensingInfos"]
    by_name = {package["name"]: package for package in spdx["packages"]}
    assert by_name["@a/b"]["licenseDeclared"] == license_["licenseId"]
    assert by_name["flask"]["licenseDeclared"] == "BSD-3-Clause"
    assert by_name["bash"]["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/bash@")
    assert spdx_document(document) == spdx


def test_a_source_tree(tmp_path: Path, schema: jsonschema_rs.Draft7Validator) -> None:
    (tmp_path / "go.mod").write_text("module a\nrequire golang.org/x/net v0.7.0\n")
    (tmp_path / "pom.xml").write_text(
        "<project><dependencies><dependency><groupId>org.x</groupId><artifactId>y</artifactId>"
        "<version>1</version></dependency></dependencies></project>"
    )
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "package-lock.json").write_text("broken")
    document = bill_of_folder(tmp_path)
    assert [error.message for error in schema.iter_errors(document)] == []
    assert wrong_in(spdx_document(document)) == []
    bill = read_bill(document)
    assert bill.packages == {("Go", "golang.org/x/net", "v0.7.0"), ("Maven", "org.x:y", "1")}
    assert bill.gaps == {"pom.xml does not say what its dependencies need"}
    assert "pom.xml" in spdx_document(document)["comment"]
    assert bill_of_folder(tmp_path) == document


def test_what_is_wrong_is_told_by_the_validator() -> None:
    document = spdx_document(source_bill("a", catalogue(read_all({}), installed=False), "1"))
    document["packages"][0]["downloadLocation"] = "not an address"
    assert wrong_in(document) != []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        bill_of_folder(tmp_path / "gone")
