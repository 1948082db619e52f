"""The hub's API as an OpenAPI document; the portal's client is generated from it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from idp.apps.hub.access import HubAccess
from idp.apps.hub.api import api
from idp.apps.hub.authentication import Authentication
from idp.apps.hub.changes import Changes
from idp.apps.hub.creation.create import Creations
from idp.apps.hub.instances import Instances
from idp.apps.hub.live.feed import Feed
from idp.apps.hub.review import RepositoryReview
from idp.apps.hub.users import open_users
from idp.apps.platform.layout import ENVIRONMENTS, Layout
from idp.kernel.errors import Unavailable


async def _make_nothing(
    repository: str, files: Mapping[str, bytes], *, pusher: str, message: str, at: datetime
) -> str:
    raise Unavailable(f"{repository} is not made: this is for the document only")


def openapi_document() -> str:
    """The document, as JSON in a stable order."""
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        users, instances = open_users(layout), Instances(layout, ENVIRONMENTS)
        access = HubAccess(users, ENVIRONMENTS[0], RepositoryReview(instances))
        application = api(
            layout,
            users,
            Authentication(users, access),
            instances,
            Changes(),
            Feed(instances),
            Creations(instances, access, _make_nothing),
        )
        document = application.openapi()
        users.close()
    document["servers"] = [{"url": "/api/v1"}]
    return json.dumps(document, indent=2, sort_keys=True) + "\n"
