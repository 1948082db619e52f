"""The portal in a browser, against a running platform, as its people use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from idp.apps.cli.demo.users import APPROVERS, DEVELOPER, DemoUser, password_file
from idp.apps.platform.files import read_json
from support.applications import NAMESPACE, Application
from support.browser import AXE, Theme, Visitor, chromium, missing, visitor
from support.platform import Platform

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.skipif(bool(missing()), reason=missing() or "-"),
]
NAME = "gallery"
UMA = APPROVERS["uat"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def gallery(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Application:
    """An application whose second release waits for approval in UAT, where the first runs."""
    application = Application(platform, tmp_path_factory.mktemp(NAME) / NAME, NAME)
    wait_for_approval(application, "one")
    platform.cli("approve", NAME, "-e", "uat", "--accept", "dependencies", "--user", "uma")
    wait_for_approval(application, "two")
    return application


def wait_for_approval(application: Application, version: str) -> None:
    commit = application.write(version)
    application.deploy()
    application.platform.until(
        lambda: application.step("uat", commit, "approval") == "Running", "the approval", 120
    )


def waiting_for_uat(page: Visitor) -> Locator:
    """The application's entry of the inbox; its first release waits for production meanwhile."""
    entries = page.page.get_by_role("article").filter(has_text=NAME)
    return entries.filter(has_text="for uat")


def signed_in(platform: Platform, page: Visitor, user: DemoUser) -> Visitor:
    page.open("/")
    page.sign_in(user.name, read_json(password_file(platform.layout, user))["password"])
    return page


@pytest.fixture
def maya(platform: Platform, browser: Browser, gallery: Application) -> Iterator[Visitor]:
    with visitor(browser, platform.settings.hub_url) as page:
        yield signed_in(platform, page, DEVELOPER)
        assert page.strangers == [], "a request went to another host"
        assert page.complaints == []


@pytest.fixture
def uma(platform: Platform, browser: Browser, gallery: Application) -> Iterator[Visitor]:
    with visitor(browser, platform.settings.hub_url) as page:
        yield signed_in(platform, page, UMA)
        assert page.strangers == []
        assert page.complaints == []


def test_who_may_not_decide_is_told_why(maya: Visitor) -> None:
    maya.open("/approvals")
    waiting = waiting_for_uat(maya)
    expect(waiting).to_contain_text("You cannot decide")
    expect(waiting.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_wrong_password_is_explained(browser: Browser, platform: Platform) -> None:
    with visitor(browser, platform.settings.hub_url) as page:
        page.open("/board")
        page.page.locator("input[name=username]").fill("maya")
        page.page.locator("input[name=password]").fill("wrong")
        page.page.get_by_role("button", name="Sign in").click()
        expect(page.page.get_by_role("alert")).to_contain_text("name or password is wrong")


def test_from_approval_to_rollback(platform: Platform, uma: Visitor, maya: Visitor) -> None:
    """One person approves on the inbox, another watches it live, then rolls it back."""
    maya.open("/board")
    maya.page.get_by_role("link", name=NAME, exact=True).click()
    expect(maya.page.get_by_role("heading", level=1)).to_have_text(NAME)
    maya.page.get_by_text("uat", exact=True).click()
    maya.page.get_by_role("link", name="Waits for approval").click()
    expect(maya.page.get_by_role("list").filter(has_text="verdict")).to_contain_text("approval")

    uma.open("/approvals")
    waiting_for_uat(uma).get_by_role("button", name="Approve").click()
    dialog = uma.page.get_by_role("dialog")
    approve = dialog.get_by_role("button", name="Approve")
    expect(approve).to_be_disabled()
    dialog.get_by_text("I accept for 30 days: dependencies").click()
    dialog.get_by_label("Comment").fill("looks <b>good</b>")
    approve.click()
    expect(dialog).to_have_count(0)

    # Without a reload: the hub says that something changed.
    expect(maya.page.locator(".idp-lead")).to_contain_text("Succeeded", timeout=120_000)
    expect(maya.page.get_by_role("region", name="Approvals")).to_contain_text("looks <b>good</b>")

    maya.open(f"/applications/{NAMESPACE}/{NAME}?environment=uat")
    maya.page.get_by_role("button", name="Roll back to").click()
    dialog = maya.page.get_by_role("dialog")
    roll_back = dialog.get_by_role("button", name="Roll back to")
    expect(roll_back).to_be_disabled()
    dialog.get_by_label("Reason").fill("orders fail")
    roll_back.click()
    expect(maya.page.get_by_role("heading", level=1)).to_have_text(f"Rollback of {NAME} in uat")
    expect(maya.page.locator(".idp-lead")).to_contain_text("Succeeded", timeout=120_000)


def test_promoting_again_what_was_rolled_back(maya: Visitor) -> None:
    maya.open("/board")
    maya.page.get_by_role("button", name=f"Promote {NAME} r2").first.click()
    maya.page.get_by_role("dialog").get_by_role("button", name="Promote r2").click()
    expect(maya.page.get_by_role("heading", level=1)).to_contain_text(f"{NAME} r2")
    expect(maya.page.locator(".idp-lead")).to_contain_text("by maya")


def test_logs_are_followed_and_searched(maya: Visitor) -> None:
    maya.open(f"/applications/{NAMESPACE}/{NAME}?environment=staging&tab=logs")
    log = maya.page.get_by_role("log")
    expect(log.locator("div").first).to_be_visible()
    maya.page.get_by_label("Search the log").fill("nothing has this")
    expect(log.locator("div")).to_have_count(0)


def test_the_keyboard_goes_anywhere(maya: Visitor) -> None:
    maya.open("/")
    maya.page.keyboard.press("Control+k")
    maya.page.get_by_role("combobox").fill(NAME)
    expect(maya.page.get_by_role("option").first).to_contain_text(NAME)
    maya.page.keyboard.press("Enter")
    expect(maya.page.get_by_role("heading", level=1)).to_have_text(NAME)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: scripts/portal.sh check")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_shuts_anybody_out(maya: Visitor, theme: Theme) -> None:
    maya.choose_theme(theme)
    application = f"/applications/{NAMESPACE}/{NAME}"
    found = {}
    for path in (
        "/",
        "/board",
        *(f"{application}?tab={tab}" for tab in ("parts", "logs", "releases", "promotions")),
        "/approvals",
        "/audit?environment=development",
        "/platform",
        "/explore/development",
        "/explore/development/apis/platform.idp/v1alpha1/webapplications",
        f"/explore/development/apis/platform.idp/v1alpha1/webapplications/{NAMESPACE}/{NAME}",
    ):
        maya.open(path)
        if violations := maya.violations():
            found[path] = violations
    assert found == {}


def test_another_site_cannot_frame_the_portal(
    browser: Browser, platform: Platform, tmp_path: Path
) -> None:
    page = browser.new_page()
    page.set_content(f'<iframe src="{platform.settings.hub_url}/board"></iframe>')
    frame = page.frames[-1]
    expect(page.locator("iframe")).to_be_attached()
    assert frame.locator("#root").count() == 0
    page.close()


def test_a_dead_instance_shows_as_such_and_blocks_nothing(
    platform: Platform, maya: Visitor
) -> None:
    platform.until(lambda: platform.pid("production"), "production to run")
    maya.open("/platform")
    card = maya.page.get_by_role("article", name="production")
    expect(card).to_contain_text("Ready")
    kubeconfig = platform.layout.instance("production").hub_kubeconfig
    away = kubeconfig.with_name("away")
    kubeconfig.rename(away)
    try:
        maya.open("/platform")
        expect(card).to_contain_text("Does not answer")
        maya.open("/board")
        expect(maya.page.get_by_text("production does not answer")).to_be_visible()
        expect(maya.page.get_by_role("link", name=NAME, exact=True)).to_be_visible()
    finally:
        away.rename(kubeconfig)
