"""`/api/v1/templates` and `/api/v1/creations`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, Field

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.creation.create import Creations, check_namespace
from idp.apps.hub.creation.progress import Progress, progress
from idp.apps.hub.creation.templates import complete, fill, template, templates
from idp.apps.hub.instances import Instances
from idp.apps.hub.views.model import View
from idp.capabilities.promotion.kinds.words import CommitId, Name

Values = Annotated[dict[str, Any], Field(max_length=50)]


class TemplateView(View):
    """A kind of application that can be made.

    Attributes:
        name: What it is asked for by.
        title: For people.
        description: One sentence.
        values_schema: JSON schema of its values; a form is made from it.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "static-site",
                    "title": "Static site",
                    "description": "Files below public/, served as they are; nothing to install.",
                    "valuesSchema": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"title": "Name", "type": "string"}},
                    },
                }
            ]
        }
    )

    name: str
    title: str
    description: str
    values_schema: dict[str, Any]


class Wanted(View):
    """An application to be made.

    Attributes:
        template: Name of the template.
        namespace: Where it will live.
        values: What the template's schema asks for.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "template": "python-web",
                    "namespace": "demo",
                    "values": {"name": "shop", "title": "The shop", "greeting": "Welcome"},
                }
            ]
        }
    )

    template: Annotated[str, Field(max_length=63)]
    namespace: Annotated[str, Field(max_length=63)]
    values: Values


class FileView(View):
    """A file that will be made.

    Attributes:
        path: Within the repository.
        content: Its text.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"path": "README.md", "content": "# shop\n"}]}
    )

    path: str
    content: str


class Created(View):
    """An application that is on its way.

    Attributes:
        namespace: Where it will live.
        name: Its name.
        repository: Path of the repository below `/git/`.
        commit: The first commit.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "namespace": "demo",
                    "name": "shop",
                    "repository": "demo/shop",
                    "commit": "3fa9c1d2b4e5f60718293a4b5c6d7e8f90a1b2c3",
                }
            ]
        }
    )

    namespace: str
    name: str
    repository: str
    commit: str


def creation_routes(
    authentication: Authentication, instances: Instances, creations: Creations
) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["creation"], dependencies=[Depends(authentication.admit_person)])

    @router.get("/templates", summary="What can be made")
    async def list_templates() -> list[TemplateView]:
        return [
            TemplateView(
                name=known.name,
                title=known.title,
                description=known.description,
                values_schema=known.schema,
            )
            for known in templates().values()
        ]

    @router.post("/creations/preview", summary="Every file that would be made; makes nothing")
    async def preview_creation(wanted: Wanted) -> list[FileView]:
        known = template(wanted.template)
        check_namespace(wanted.namespace)
        files = fill(known, complete(known, wanted.values))
        return [FileView(path=path, content=text) for path, text in sorted(files.items())]

    @router.post("/creations", status_code=201, summary="Make an application from a template")
    async def create_application(request: Request, wanted: Wanted) -> Created:
        commit = await creations.create(
            admitted(request), wanted.template, wanted.namespace, wanted.values
        )
        name = str(wanted.values["name"])
        return Created(
            namespace=wanted.namespace,
            name=name,
            repository=f"{wanted.namespace}/{name}",
            commit=commit,
        )

    @router.get("/creations/{namespace}/{name}/{commit}", summary="How far a new application is")
    async def creation(request: Request, namespace: Name, name: Name, commit: CommitId) -> Progress:
        return await progress(instances, admitted(request), namespace, name, commit)

    return router
