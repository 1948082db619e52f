"""Takes a picture of every page of a running platform's portal, in both themes.

Usage: portal_pictures.py URL USER PASSWORD_FILE OUTPUT [--axe]

PASSWORD_FILE is JSON with `password`, as the demo keeps it. With --axe the violations of each page
are printed too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.browser import PHONE, Theme, Visitor, chromium, visitor


def addresses(page: Visitor) -> dict[str, str]:
    """Name of a picture -> address of the page, from what the board shows."""
    board = page.page.evaluate("() => fetch('/api/v1/board').then(answer => answer.json())")
    found = {
        "home": "/",
        "board": "/board",
        "approvals": "/approvals",
        "audit": "/audit?environment=development",
        "platform": "/platform",
        "explore": "/explore/development",
        "explore-table": "/explore/development/apis/platform.idp/v1alpha1/webapplications",
        "create": "/create",
        **{f"settings-{tab}": f"/settings?tab={tab}" for tab in ("sessions", "tokens", "roles")},
        "nowhere": "/board/nowhere",
        "unknown": "/applications/demo/unknown",
    }
    for row in board["rows"]:
        path = f"/applications/{row['namespace']}/{row['name']}"
        for tab in ("parts", "logs", "releases", "promotions", "events"):
            found[f"application-{tab}"] = f"{path}?tab={tab}"
        found["explore-yaml"] = (
            "/explore/development/apis/platform.idp/v1alpha1/webapplications/"
            f"{row['namespace']}/{row['name']}"
        )
        detail = page.page.evaluate(
            "path => fetch('/api/v1' + path).then(answer => answer.json())", path
        )
        for promotion in detail["promotions"][:1]:
            found["promotion"] = (
                f"/promotions/{promotion['environment']}/{row['namespace']}/{promotion['name']}"
            )
    return found


def take(page: Visitor, output: Path, name: str, axe: bool) -> None:
    """One picture of what is shown."""
    page.page.screenshot(path=output / f"{name}.png")
    if axe:
        for violation in page.violations():
            print(f"{name}: {violation}")


def main(url: str, user: str, password_file: str, output: Path, axe: bool) -> None:
    """Take them all."""
    password = json.loads(Path(password_file).read_text())["password"]
    output.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for theme in get_args(Theme):
            with visitor(browser, url, theme=theme) as page:
                page.open("/sign-in")
                take(page, output, f"sign-in-{theme}", axe)
                page.sign_in(user, password)
                for name, path in addresses(page).items():
                    page.open(path)
                    take(page, output, f"{name}-{theme}", axe)
                page.page.keyboard.press("Control+k")
                page.page.get_by_role("combobox").wait_for()
                take(page, output, f"search-{theme}", axe)
                for stranger in page.strangers + page.complaints:
                    print(f"{theme}: {stranger}")
        with visitor(browser, url, size=PHONE) as page:
            page.open("/sign-in")
            page.sign_in(user, password)
            for name, path in addresses(page).items():
                page.open(path)
                take(page, output, f"{name}-phone", False)


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--axe"]
    if len(arguments) != 4:
        raise SystemExit(__doc__)
    main(*arguments[:3], Path(arguments[3]), "--axe" in sys.argv)
