"""The portal in a browser, against a running platform, as its people use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
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


def test_where_a_release_stands_and_what_proves_it(maya: Visitor) -> None:
    maya.open(f"/applications/{NAMESPACE}/{NAME}?tab=releases")
    maya.page.get_by_role("tabpanel").get_by_role("link", name="r2-").click()
    expect(maya.page.get_by_role("heading", level=1)).to_contain_text(f"{NAME} r2-")
    expect(maya.page.locator(".idp-lead")).to_contain_text("proofs hold")
    maya.page.get_by_role("tab", name="Proofs").click()
    provenance = maya.page.get_by_role("row").filter(has_text="provenance")
    expect(provenance).to_contain_text("holds")
    expect(provenance).to_contain_text("entry")


def test_a_workflow_is_a_graph_of_what_happened(maya: Visitor) -> None:
    maya.open(f"/workflows?environment=development&search=push-{NAME}")
    maya.page.get_by_role("link", name=f"push-{NAME}").first.click()
    graph = maya.page.get_by_role("group", name="Steps of push-")
    graph.get_by_role("button", name="scan").click()
    expect(maya.page).to_have_url(re.compile("step="))
    expect(maya.page.get_by_role("region", name="Step scan")).to_contain_text("Succeeded")


def test_what_git_wants_and_what_is_there(maya: Visitor) -> None:
    maya.open("/")
    maya.page.keyboard.press("g")
    maya.page.keyboard.press("g")
    expect(maya.page.get_by_role("heading", level=1)).to_have_text("GitOps")
    maya.open(f"/gitops/staging/{NAMESPACE}/{NAME}?fields=all")
    expect(maya.page.get_by_role("row").filter(has_text="spec.image")).to_contain_text("As wanted")
    expect(maya.page.get_by_role("button", name="Sync now")).to_have_count(0)
    maya.page.get_by_role("tab", name="Commits").click()
    expect(maya.page.get_by_role("row").filter(has_text=f"Deploy {NAME}").first).to_be_visible()


def test_an_exception_takes_two(maya: Visitor, uma: Visitor) -> None:
    maya.open("/security?tab=exceptions&ask=exception&environment=uat&finding=CVE-2026-1")
    dialog = maya.page.get_by_role("dialog")
    ask = dialog.get_by_role("button", name="Ask", exact=True)
    expect(ask).to_be_disabled()
    dialog.get_by_label("Namespace", exact=True).fill(NAMESPACE)
    dialog.get_by_label("Reason").fill("no <i>fix</i> yet")
    ask.click()
    row = maya.page.get_by_role("row").filter(has_text="CVE-2026-1")
    expect(row).to_contain_text("You cannot approve: you asked for it")
    expect(row).to_contain_text("no <i>fix</i> yet")
    uma.open("/security?tab=exceptions")
    row = uma.page.get_by_role("row").filter(has_text="CVE-2026-1")
    row.get_by_role("button", name="Approve").click()
    uma.page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(row).to_contain_text("Active")


@pytest.fixture
def thawed(platform: Platform) -> Iterator[None]:
    """No freeze outlives its test, whatever came of it: the platform is everybody's."""
    yield
    platform.kubectl("production", "delete", "freezes.platform.idp", "--all", check=False)


@pytest.mark.usefixtures("thawed")
def test_past_a_freeze_in_an_emergency_and_looked_at_by_another(
    platform: Platform, browser: Browser, maya: Visitor, tmp_path: Path
) -> None:
    secret = tmp_path / "rosa.password"
    responders = ("--group", "idp:responders:production")
    platform.cli("users", "create", "rosa", *responders, "--password-file", str(secret))
    with (
        visitor(browser, platform.settings.hub_url) as paul,
        visitor(browser, platform.settings.hub_url) as rosa,
    ):
        signed_in(platform, paul, APPROVERS["production"])
        paul.open("/platform/production")
        paul.page.get_by_role("button", name="Freeze").click()
        dialog = paul.page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("holidays")
        dialog.get_by_label("Until").fill("2098-01-02T08:00")
        dialog.get_by_label("Reason").fill("nobody <i>is</i> here")
        dialog.get_by_role("button", name="Freeze").click()
        row = paul.page.get_by_role("row").filter(has_text="holidays")
        expect(row).to_contain_text("On")
        maya.open("/board")
        expect(maya.page.get_by_text("nobody <i>is</i> here")).to_be_visible()

        rosa.open("/")
        rosa.sign_in("rosa", secret.read_text().strip())
        rosa.open("/approvals")
        entries = rosa.page.get_by_role("article").filter(has_text=NAME)
        entries.filter(has_text="for production").get_by_role("link").first.click()
        expect(rosa.page.get_by_role("button", name="Override")).to_be_visible(timeout=30_000)
        maya.open(rosa.page.url.removeprefix(rosa.url))
        expect(maya.page.get_by_role("heading", name=re.compile("to production"))).to_be_visible()
        expect(maya.page.get_by_role("button", name="Override")).to_have_count(0)
        rosa.page.get_by_role("button", name="Override").click()
        dialog = rosa.page.get_by_role("dialog")
        dialog.get_by_text("I accept for 30 days: dependencies").click()
        override = dialog.get_by_role("button", name="Override")
        expect(override).to_be_disabled()
        dialog.get_by_label("Reason").fill("payments are down")
        override.click()
        note = rosa.page.get_by_role("status").filter(has_text="Emergency override by rosa")
        expect(note).to_be_visible(timeout=60_000)
        gates = rosa.page.get_by_role("region", name="Gates")
        expect(gates).to_contain_text("nobody <i>is</i> here", timeout=60_000)
        expect(rosa.page.get_by_role("region", name="Reviews")).to_contain_text(
            "You cannot close it", timeout=60_000
        )

        paul.open("/approvals")
        review = paul.page.get_by_role("article").filter(has_text="payments are down")
        review.get_by_role("button", name="Close the review").click()
        dialog = paul.page.get_by_role("dialog")
        dialog.get_by_label("Conclusion").fill("it was right")
        dialog.get_by_role("button", name="Close the review").click()
        expect(review).to_have_count(0)
        paul.open("/platform/production")
        row.get_by_role("button", name="End holidays").click()
        paul.page.get_by_role("dialog").get_by_role("button", name="End it now").click()
        expect(row).to_have_count(0)
        assert paul.complaints == rosa.complaints == []


def test_requests_are_measured(platform: Platform, maya: Visitor) -> None:
    port = platform.row(NAME, "staging")["url"].rpartition(":")[2]
    host = {"Host": f"{NAME}.staging.localhost:{port}"}
    for _ in range(3):
        assert httpx.get(f"http://127.0.0.1:{port}/", headers=host).status_code == 200
    maya.open(f"/applications/{NAMESPACE}/{NAME}?environment=staging&tab=metrics")
    figure = maya.page.locator(".idp-figure").filter(has_text="Requests")
    # Envoy writes its log now and then.
    expect(figure.locator("strong")).not_to_have_text("0", timeout=60_000)


def test_the_audit_is_not_for_everybody(platform: Platform, browser: Browser) -> None:
    with visitor(browser, platform.settings.hub_url) as page:
        signed_in(platform, page, DEVELOPER)
        page.open("/audit?environment=development")
        alert = page.page.get_by_role("alert")
        expect(alert).to_contain_text("You have no right to see this")
        expect(alert).to_contain_text("idp:auditors")


def test_an_application_from_a_template(maya: Visitor) -> None:
    maya.open("/create")
    maya.page.get_by_text("Static site").click()
    maya.page.locator("input[name=name]").fill("Leaflet")
    expect(maya.page.get_by_role("alert")).to_contain_text("a character that cannot be there")
    maya.page.locator("input[name=name]").fill("leaflet")
    maya.page.locator("input[name=text]").fill("<script>alert(1)</script>")
    maya.page.get_by_role("button", name="public/index.html").click()
    expect(maya.page.locator("pre")).to_contain_text("<p>&lt;script&gt;alert(1)&lt;/script&gt;")
    maya.page.get_by_role("button", name="Create leaflet").click()
    expect(maya.page.get_by_text("Answers in development")).to_be_visible(timeout=120_000)
    maya.open("/create")
    maya.page.locator("input[name=name]").fill("leaflet")
    maya.page.get_by_role("button", name="Create leaflet").click()
    expect(maya.page.get_by_role("alert")).to_contain_text("leaflet")
    maya.expected_refusals()


def test_an_edit_is_reviewed_and_its_conflicts_are_named(maya: Visitor) -> None:
    kind = "/explore/development/apis/platform.idp/v1alpha1/webapplications"
    maya.open(f"{kind}/{NAMESPACE}/{NAME}")
    maya.page.get_by_role("button", name="Edit").click()
    # What the repository states, and so Argo CD owns.
    maya.page.locator(".cm-line", has_text="periodSeconds: 1").click()
    maya.page.keyboard.press("End")
    maya.page.keyboard.type("0")
    maya.page.get_by_role("button", name="Review changes").click()
    expect(maya.page.get_by_role("alert")).to_contain_text(
        ".spec.health.periodSeconds belongs to argocd"
    )
    maya.page.get_by_role("button", name="Take these fields over").click()
    expect(maya.page.get_by_text("nothing is saved yet")).to_be_visible()
    maya.page.get_by_role("button", name="Cancel").click()
    maya.page.get_by_role("button", name="Delete").click()
    dialog = maya.page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    maya.expected_refusals()


def test_a_token_is_made_shown_once_and_revoked(maya: Visitor) -> None:
    maya.open("/settings?tab=tokens")
    maya.page.get_by_role("button", name="Make a token").click()
    dialog = maya.page.get_by_role("dialog")
    dialog.get_by_label("What is it for?").fill("<b>report</b>")
    dialog.get_by_role("button", name="Make it").click()
    expect(dialog.locator(".idp-secret")).to_be_visible()
    dialog.get_by_role("button", name="Done").click()
    row = maya.page.get_by_role("row").filter(has_text="<b>report</b>")
    row.get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: scripts/portal.sh check")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_shuts_anybody_out(platform: Platform, maya: Visitor, theme: Theme) -> None:
    maya.choose_theme(theme)
    version = platform.json("release", "list", NAME)[0]["version"]
    release = f"/releases/{NAMESPACE}/{NAME}/{version}"
    application = f"/applications/{NAMESPACE}/{NAME}"
    found = {}
    for path in (
        "/",
        "/board",
        *(f"{application}?tab={tab}" for tab in ("parts", "logs", "releases", "promotions")),
        "/approvals?closed=true",
        *(f"{application}?tab={tab}" for tab in ("metrics", "configuration", "dependencies")),
        f"{application}?environment=development&tab=yaml",
        *(f"{release}?tab={tab}" for tab in ("contents", "packages", "findings", "proofs")),
        f"{release}?tab=differences",
        "/workflows",
        f"/workflows/uat/{NAMESPACE}/{NAME}-{version}",
        "/gitops",
        f"/gitops/uat/{NAMESPACE}/{NAME}?fields=all",
        *(f"/security?tab={tab}" for tab in ("findings", "trends", "exceptions", "profiles")),
        "/security/uat/CVE-2026-1",
        "/platform",
        "/platform/uat",
        "/explore/development",
        "/explore/development/apis/platform.idp/v1alpha1/webapplications",
        f"/explore/development/apis/platform.idp/v1alpha1/webapplications/{NAMESPACE}/{NAME}",
        "/create",
        *(f"/settings?tab={tab}" for tab in ("sessions", "tokens", "roles")),
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
