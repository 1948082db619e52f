"""The demo's people: one who pushes, and one who may approve in each of two environments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from idp.apps.cli.connection import connect, save_session
from idp.apps.hub.groups import DEVELOPERS, approvers
from idp.apps.hub.passwords import generate_password
from idp.apps.platform.files import read_json, write_json
from idp.apps.platform.layout import Layout


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A person of the demo."""

    name: str
    groups: tuple[str, ...]


DEVELOPER = DemoUser("maya", (DEVELOPERS,))
APPROVERS = {
    "uat": DemoUser("uma", (approvers("uat"),)),
    "production": DemoUser("paul", (approvers("production"),)),
}


def password_file(layout: Layout, user: DemoUser) -> Path:
    """Where the password of a demo user is kept, readable by the owner of the platform only."""
    return layout.folder / "demo" / f"{user.name}.json"


async def sign_in_demo_users(layout: Layout) -> None:
    """Create the demo's people as the administrator, and sign each in on this machine."""
    for user in (DEVELOPER, *APPROVERS.values()):
        path = password_file(layout, user)
        known = read_json(path)
        if known is None:
            known = {"name": user.name, "password": generate_password()}
            write_json(path, known)
        async with connect(layout) as platform:
            body = {"password": known["password"], "groups": list(user.groups)}
            await platform.hub("PUT", f"/users/{user.name}", body)
        async with connect(layout, anonymous=True) as platform:
            session = await platform.hub("POST", "/sessions", known)
        save_session(layout, session, current=False)
