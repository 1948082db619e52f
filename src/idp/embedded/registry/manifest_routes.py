"""Routes of manifests and of what refers to them."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.embedded.registry.errors import bad_request
from idp.embedded.registry.manifests import ParsedManifest, parse_manifest
from idp.embedded.registry.repositories import Repository
from idp.embedded.registry.service import Service, digest_in, reference_in, too_large
from idp.kernel.errors import Forbidden
from idp.protocols.oci.ports import IMAGE_INDEX
from idp.protocols.oci.reference import is_digest


class ManifestRoutes:
    """Handlers for `/v2/<repository>/manifests/...` and `/v2/<repository>/referrers/...`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def read(self, request: Request) -> Response:
        """GET and HEAD, by tag or digest."""
        repository, _ = await self._service.open(request, "pull")
        reference = reference_in(request.path_params["reference"])
        stored = await asyncio.to_thread(repository.manifest, reference)
        return Response(
            stored.body,
            media_type=stored.media_type,
            headers={"Docker-Content-Digest": stored.digest, "ETag": f'"{stored.digest}"'},
        )

    async def write(self, request: Request) -> Response:
        """PUT, by tag or digest."""
        repository, action = await self._service.open(request, "push", "attest")
        reference = reference_in(request.path_params["reference"])
        body = await self._body(request)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip()
        manifest = await asyncio.to_thread(parse_manifest, body, content_type)
        tag = None if is_digest(reference) else reference
        if tag is None and manifest.digest != reference:
            raise bad_request(
                "DIGEST_INVALID",
                f"the manifest has digest {manifest.digest}, not {reference}",
                "Push it under its own digest.",
            )
        if action == "attest" and tag is not None:
            await self._demand_own_tag(request, repository, manifest.digest, tag)
        elif action == "attest":
            _demand_subject(repository, manifest)
        await asyncio.to_thread(repository.put_manifest, manifest, body, tag)
        self._service.on_change(repository.name)
        return _created(repository, manifest)

    async def delete(self, request: Request) -> Response:
        """DELETE: by tag the tag alone, by digest the manifest and its tags."""
        repository, _ = await self._service.open(request, "delete")
        reference = reference_in(request.path_params["reference"])
        delete = repository.delete_manifest if is_digest(reference) else repository.delete_tag
        await asyncio.to_thread(delete, reference)
        self._service.on_change(repository.name)
        return Response(status_code=202)

    async def referrers(self, request: Request) -> Response:
        """GET: an index of the manifests whose subject is this digest."""
        repository, _ = await self._service.open(request, "pull")
        digest = digest_in(request.path_params["digest"])
        found = await asyncio.to_thread(repository.referrers, digest)
        wanted = request.query_params.get("artifactType")
        headers = {}
        if wanted is not None:
            found = [descriptor for descriptor in found if descriptor.get("artifactType") == wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        return JSONResponse(
            {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": found},
            media_type=IMAGE_INDEX,
            headers=headers,
        )

    async def _demand_own_tag(
        self, request: Request, repository: Repository, digest: str, tag: str
    ) -> None:
        """Let who may only attest tag what is there, with tags of its own.

        Raises:
            Forbidden: The tag is not its own.
            NotFound: The manifest is not there.
        """
        if not await self._service.gate.owns_tag(request, tag):
            raise Forbidden(
                f'the right "attest" on {repository.name} covers no tag {tag}',
                remedy='Push by digest, or ask for the right "push".',
            )
        await asyncio.to_thread(repository.manifest, digest)

    async def _body(self, request: Request) -> bytes:
        limit = self._service.limits.manifest
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_large("the manifest", limit)
        return bytes(body)


def _demand_subject(repository: Repository, manifest: ParsedManifest) -> None:
    """Hold who has only the right `attest` to manifests about another one.

    Raises:
        Forbidden: It is something else.
    """
    if not manifest.subject:
        raise Forbidden(
            f'the right "attest" on {repository.name} covers manifests with a subject only',
            remedy='Push by digest a manifest with `subject`, or ask for the right "push".',
        )


def _created(repository: Repository, manifest: ParsedManifest) -> Response:
    headers = {
        "Location": f"/v2/{repository.name}/manifests/{manifest.digest}",
        "Docker-Content-Digest": manifest.digest,
    }
    if manifest.subject:
        headers["OCI-Subject"] = manifest.subject
    return Response(status_code=201, headers=headers)
