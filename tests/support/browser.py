"""A browser for tests of the portal: Debian's Chromium, kept from any other host than the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
REPOSITORY = Path(__file__).resolve().parents[2]
AXE = REPOSITORY / "portal" / "node_modules" / "axe-core" / "axe.min.js"
BUILT = REPOSITORY / "src" / "idp" / "apps" / "hub" / "web" / "built" / "index.html"
DESKTOP = (1360, 900)
PHONE = (390, 844)

Theme = Literal["light", "dark"]


def missing() -> str:
    """Why the portal cannot be tested in a browser here; empty when it can."""
    if not CHROMIUM.exists():
        return f"there is no {CHROMIUM}: apt-get install chromium"
    if not BUILT.exists():
        return "the portal is not built: scripts/portal.sh build"
    return ""


@dataclass
class Visitor:
    """One person's browser window.

    Attributes:
        page: The window.
        url: Address of the hub.
        strangers: Requests to other hosts, which were not let through.
        complaints: Errors on the console, violations of the content security policy among them.
    """

    page: Page
    url: str
    strangers: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a page of the portal and wait until it shows what it found."""
        self.page.goto(self.url + path)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing says that it loads."""
        self.page.locator("#root > *").first.wait_for()
        expect(self.page.get_by_role("status", name="Loading")).to_have_count(0, timeout=30_000)

    def sign_in(self, name: str, password: str) -> None:
        """Sign in on the page that is shown."""
        self.page.locator("input[name=username]").fill(name)
        self.page.locator("input[name=password]").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        # On a phone the menu, and who is signed in with it, is shut.
        self.page.locator(".idp-shell").wait_for()
        self.settle()

    def expected_refusals(self) -> None:
        """Forget that the browser logged refused requests, which the page has explained."""
        self.complaints = [
            said
            for said in self.complaints
            if "the server responded with a status of 4" not in said
        ]

    def choose_theme(self, theme: Theme) -> None:
        """Show in dark or light from now on."""
        self.page.evaluate("theme => localStorage.setItem('idp-theme', theme)", theme)
        self.page.reload()
        self.settle()

    def violations(self) -> list[str]:
        """What axe finds on the page that is shown, one line each."""
        # The page's policy lets no script in from outside; the protocol of the browser does.
        self.page.evaluate(AXE.read_text() + "; undefined")
        found: list[dict[str, Any]] = self.page.evaluate(
            "async () => (await axe.run(document, {runOnly: "
            "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}))"
            ".violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map("
            "n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? n.all[0]?.message ?? ''))}))"
        )
        return [f"{v['id']}: {v['help']}: {json.dumps(v['nodes'][:4])}" for v in found]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, theme: Theme = "light"
) -> Iterator[Visitor]:
    """A window with its own cookies."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme, reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    found = Visitor(context.new_page(), url)

    def only_the_hub(route: Route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(url).netloc:
            route.continue_()
            return
        found.strangers.append(route.request.url)
        route.abort()

    context.route(lambda address: not address.startswith(("data:", "blob:")), only_the_hub)
    found.page.on(
        "console",
        lambda message: found.complaints.append(message.text) if message.type == "error" else None,
    )
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    try:
        yield found
    finally:
        context.close()
