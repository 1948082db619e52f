"""Bytes that nobody proved do not run, whatever says that they should."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.promotion.kinds import Release
from idp.capabilities.signing.keys import open_signer
from idp.kernel.capability import Signer
from idp.protocols.oci.client import HttpRegistry
from idp.protocols.signing.attestations import attach
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import VERIFIED
from support.applications import NAMESPACE, Application
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 120


def release_of(platform: Platform, environment: str, commit: str) -> dict[str, Any]:
    """The Release of a commit, as an instance knows it; empty while it does not."""
    for release in platform.objects(environment, "releases"):
        if release["spec"]["source"]["commit"] == commit:
            return release
    return {}


def condition(manifest: dict[str, Any], type: str) -> dict[str, Any]:
    conditions = (manifest.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c["type"] == type), {})


@pytest.fixture(scope="module")
def image(platform: Platform, released: tuple[Application, str]) -> str:
    """The released image with another label: another digest, and no signature."""
    _, commit = released
    spec = release_of(platform, "staging", commit)["spec"]

    async def push() -> str:
        async with HttpRegistry(platform.remote("development")) as registry:
            digest = spec["image"].rpartition("@")[2]
            manifest = json.loads((await registry.manifest(spec["repository"], digest)).body)
            manifest["annotations"] = {"org.example/changed": "by hand"}
            return (await registry.push_manifest(spec["repository"], manifest)).digest

    return f"{spec['image'].rpartition('@')[0]}@{asyncio.run(push())}"


@pytest.fixture(scope="module")
def skipping(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Application, str]]:
    """An application that development has verified, and staging does not take by itself."""
    application = Application(platform, tmp_path_factory.mktemp("skip") / "skipper", "skipper")
    commit = application.write("one")
    platform.set_pipeline("staging", automatic=False)
    try:
        application.deploy()
        yield application, commit
    finally:
        platform.set_pipeline("staging", automatic=True)


class TestUnsignedImage:
    """Somebody pushes an image with development's credential, past the pipeline."""

    def test_it_is_not_rolled_out_when_it_is_applied(self, platform: Platform, image: str) -> None:
        manifest = (
            "apiVersion: platform.idp/v1alpha1\nkind: WebApplication\n"
            f"metadata: {{name: intruder, namespace: demo}}\nspec: {{image: '{image}'}}\n"
        )
        platform.kubectl("staging", "apply", "-f", "-", text=manifest)
        found = platform.until(
            lambda: condition(
                platform.object("staging", "webapplications", "intruder"), "Admitted"
            ),
            "the condition",
            SECONDS,
        )
        assert (found["status"], found["reason"]) == ("False", "NoRelease")
        assert image.rpartition("@")[2] in found["message"]
        assert "promote" in found["remedy"]
        deployments = platform.kubectl("staging", "get", "deployments", "-A", "-o", "name").stdout
        assert "intruder" not in deployments
        platform.kubectl("staging", "delete", "webapplication", "intruder", "-n", "demo")

    def test_it_is_not_rolled_out_from_git(
        self,
        platform: Platform,
        released: tuple[Application, str],
        image: str,
        tmp_path: Path,
    ) -> None:
        """Written into staging's repository with staging's own credential: what runs stays."""
        application, commit = released
        good = release_of(platform, "staging", commit)["spec"]["image"]
        running = application.settled_pids("staging")
        remote = platform.remote("staging")
        address = remote.url.replace("://", f"://{remote.username}:{remote.password}@")
        work = tmp_path / "environment"
        _git(tmp_path, "clone", "--quiet", f"{address}/git/environments/staging.git", str(work))
        file = work / NAMESPACE / application.name / "webapplication.yaml"
        file.write_text(file.read_text().replace(good, image))
        _git(work, "commit", "--quiet", "--all", "-m", "Run what nobody released")
        _git(work, "push", "--quiet", "origin", "HEAD:main")

        def refused() -> dict[str, Any]:
            manifest = application.manifest("staging")
            found = condition(manifest, "Admitted")
            ours = manifest["spec"].get("image") == image
            return found if ours and found.get("status") == "False" else {}

        found = platform.until(refused, "the condition", SECONDS)
        assert image.rpartition("@")[2] in found["message"]
        assert "what runs stays as it is" in found["message"]
        assert application.pids("staging") == running
        _git(work, "revert", "--no-edit", "HEAD")
        _git(work, "push", "--quiet", "origin", "HEAD:main")
        platform.until(lambda: application.runs("staging", commit), "as before", SECONDS)
        assert application.pids("staging") == running


class TestSkippingStaging:
    """A release that staging has not verified, with proof that is made up."""

    def test_it_is_refused(self, platform: Platform, skipping: tuple[Application, str]) -> None:
        refused = promote_to_uat(platform, *skipping)
        assert "was not verified in staging" in refused
        assert "a release cannot skip an environment" in refused
        assert "Next:" in refused
        assert "idp-cli promote skipper" in refused

    @pytest.mark.parametrize("signer", ["development", "a stranger", "staging, outside its log"])
    def test_a_forged_attestation_does_not_help(
        self, platform: Platform, skipping: tuple[Application, str], signer: str
    ) -> None:
        key: Signer = PrivateKey.generate()
        if signer != "a stranger":
            key = open_signer(platform.layout.instance(signer.partition(",")[0]).keys)
        release = Release.parse(
            platform.until(
                lambda: release_of(platform, "uat", skipping[1]), "the release in UAT", SECONDS
            )
        )
        claim = {
            "environment": "staging",
            "release": f"{release.spec.application} {release.spec.version}",
            "releaseDigest": release.spec.digest,
            "image": release.spec.image,
            "promotion": "made-up",
            "time": "2026-01-01T00:00:00Z",
            "checks": [],
        }

        async def forge() -> None:
            async with HttpRegistry(platform.remote("development")) as registry:
                await attach(
                    registry, release.spec.repository, release.spec.digest, VERIFIED, claim, key
                )

        asyncio.run(forge())
        refused = promote_to_uat(platform, *skipping)
        assert "was not verified in staging" in refused
        assert "do not count" in refused
        known = release_of(platform, "uat", skipping[1])
        assert "staging" not in known["status"].get("verifiedIn", [])

    def test_altered_bytes_are_refused(
        self, platform: Platform, skipping: tuple[Application, str]
    ) -> None:
        """One byte of a layer changes on the registry's disk."""
        application, commit = skipping
        spec = release_of(platform, "staging", commit)["spec"]

        async def layers() -> list[str]:
            async with HttpRegistry(platform.remote("staging")) as registry:
                digest = spec["image"].rpartition("@")[2]
                body = json.loads((await registry.manifest(spec["repository"], digest)).body)
                return [str(layer["digest"]) for layer in body["layers"]]

        digest = asyncio.run(layers())[-1]
        (blob,) = (platform.layout.registry / "blobs").rglob(digest.removeprefix("sha256:"))
        content = blob.read_bytes()
        mode = blob.stat().st_mode
        blob.chmod(0o600)
        blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        platform.set_pipeline("staging", rolloutDeadlineSeconds=10)
        try:
            answer = platform.cli("promote", "skipper", "--to", "staging", check=False)
        finally:
            platform.set_pipeline("staging", rolloutDeadlineSeconds=None)
            blob.write_bytes(content)
            blob.chmod(mode)
        assert answer.returncode != 0
        assert digest[:19] in answer.stderr
        assert application.pids("staging") == []


def promote_to_uat(platform: Platform, application: Application, commit: str) -> str:
    """Start the promotion of a release by hand; gives what the command says when it fails."""
    release = platform.until(
        lambda: release_of(platform, "uat", commit), "the release in UAT", SECONDS
    )
    version = release["spec"]["version"]
    answer = platform.cli(
        "promote", application.name, "--to", "uat", "--release", version, check=False
    )
    assert answer.returncode != 0
    assert application.pids("uat") == []
    return answer.stderr


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)
