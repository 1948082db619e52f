"""The route of a release."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.views.release import Releases
from idp.apps.hub.views.release_model import ReleaseDetail


def release_routes(authentication: Authentication, releases: Releases) -> APIRouter:
    """Build the route."""
    router = APIRouter(tags=["releases"], dependencies=[Depends(authentication.admit_person)])

    @router.get(
        "/releases/{namespace}/{application}/{version}",
        summary="One release: contents, proofs, where it runs, what it would change",
    )
    async def release(
        request: Request,
        namespace: str,
        application: str,
        version: str,
        environment: Annotated[str, Query(max_length=63)] = "",
    ) -> ReleaseDetail:
        return await releases.show(admitted(request), namespace, application, version, environment)

    return router
