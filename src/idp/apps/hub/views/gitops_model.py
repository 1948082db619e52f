"""What pages show of GitOps."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict

from idp.apps.hub.views.board import InstanceState
from idp.apps.hub.views.fields import FieldView
from idp.apps.hub.views.model import View


class SyncedApplication(View):
    """An Argo CD Application.

    Attributes:
        environment: The instance.
        namespace: Where it lives.
        name: Its name.
        sync: `Synced`, `OutOfSync` or `Unknown`.
        health: In Argo CD's words.
        revision: Commit that was compared.
        path: Folder in the environment's repository.
        automated: Whether it syncs by itself.
        self_heal: Whether it undoes what others change.
        operation: Phase of the last sync; empty when there was none.
        message: What the last sync did, or what is wrong.
        finished_at: When the last sync ended.
        compared_at: When the engine wrote its status last.
        objects: How many objects it has.
        out_of_sync: How many of them are not as wanted.
    """

    environment: str
    namespace: str
    name: str
    sync: str
    health: str
    revision: str
    path: str
    automated: bool
    self_heal: bool
    operation: str
    message: str
    finished_at: datetime | None
    compared_at: datetime | None
    objects: int
    out_of_sync: int


class EnvironmentSync(View):
    """The Applications of one environment.

    Attributes:
        state: How the instance answered.
        head: Newest commit of the environment's repository; empty while there is none.
        applications: Those out of sync first, then by name.
    """

    state: InstanceState
    head: str
    applications: list[SyncedApplication]


class SyncedObject(View):
    """An object of an Application.

    Attributes:
        kind: Its kind.
        namespace: Where it lives.
        name: Its name.
        sync: `Synced` or `OutOfSync`, as the engine says.
        health: In Argo CD's words; empty when its kind has none.
        message: Why.
        fields: What Git says and what is there.
        error: Why the fields cannot be compared.
    """

    kind: str
    namespace: str
    name: str
    sync: str
    health: str
    message: str
    fields: list[FieldView]
    error: str = ""


class CommitView(View):
    """A change of what is wanted.

    Attributes:
        id: Of the commit.
        author: Who made it: who started the promotion, or who committed when there was none.
        time: When.
        subject: First line of the message.
        reason: The message's first paragraph after that, of an undoing.
        promotion: Name of the Promotion; empty when none made it.
        promotion_namespace: Where that is.
        source: `repository@commit` of the application's code.
        deployed: Whether it is what was compared last.
    """

    id: str
    author: str
    time: datetime
    subject: str
    reason: str
    promotion: str
    promotion_namespace: str
    source: str
    deployed: bool


class SyncDetail(View):
    """One Application.

    Attributes:
        application: What the engine says.
        head: Newest commit of the environment's repository.
        behind: Whether there is a newer commit of this application than what was compared.
        release: Version that Git wants; empty when it wants none.
        objects: Its objects.
        commits: Newest first.
        problems: What the engine complains of.
        may_sync: Whether the caller may start a sync.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "application": {
                        "environment": "uat",
                        "namespace": "demo",
                        "name": "hello",
                        "sync": "OutOfSync",
                        "revision": "89bc00c22fbaf122f2c65412c2f2b81203854b06",
                    },
                    "objects": [
                        {
                            "kind": "WebApplication",
                            "name": "hello",
                            "sync": "OutOfSync",
                            "fields": [
                                {
                                    "path": "spec.replicas",
                                    "wanted": "2",
                                    "live": "5",
                                    "state": "different",
                                }
                            ],
                        }
                    ],
                    "maySync": False,
                }
            ]
        }
    )

    application: SyncedApplication
    head: str
    behind: bool
    release: str
    objects: list[SyncedObject]
    commits: list[CommitView]
    problems: list[str]
    may_sync: bool
