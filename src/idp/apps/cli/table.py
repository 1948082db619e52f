"""The table of commands. A test checks it against the modules that it names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a group of commands.

    Attributes:
        module: Import path of the Typer application that holds it, `module:attribute`.
        help: One line.
        single: Whether it is one command of that application, not the whole application.
    """

    module: str
    help: str
    single: bool = True


_PLATFORM = "idp.apps.cli.commands.platform:application"
_SESSION = "idp.apps.cli.commands.session:application"
_APPLICATIONS = "idp.apps.cli.commands.applications:application"
_PROMOTION = "idp.apps.cli.commands.promotion:application"
_RESOURCES = "idp.apps.cli.commands.resources:application"

AREAS: dict[str, tuple[str, ...]] = {
    "Platform": ("up", "down", "status", "doctor", "reset", "demo", "apiserver", "instance"),
    "You": ("login", "logout", "whoami", "users", "git-credential"),
    "Applications": ("create", "deploy", "apps", "app", "logs", "open"),
    "Releases": (
        "release",
        "promote",
        "promotion",
        "approve",
        "reject",
        "rollback",
        "freeze",
        "dora",
    ),
    "Resources": ("kinds", "explain", "get", "describe", "apply", "delete"),
    "Proof": ("audit", "security", "signing", "compliance"),
}

COMMANDS: dict[str, Command] = {
    "up": Command(_PLATFORM, "Start the platform; set it up when there is none yet."),
    "down": Command(_PLATFORM, "Stop the platform and the applications that it runs."),
    "status": Command(_PLATFORM, "Show the platform's processes and their health."),
    "doctor": Command(_PLATFORM, "Check the machine, with a remedy for what is missing."),
    "reset": Command(_PLATFORM, "Stop the platform and delete its data folder."),
    "demo": Command(
        "idp.apps.cli.commands.demo:application",
        "Take the example applications from git push to production.",
    ),
    "apiserver": Command(
        "idp.apps.cli.commands.apiserver:application",
        "Serve a Kubernetes API without a cluster, until Ctrl-C.",
        single=False,
    ),
    "instance": Command(
        "idp.apps.cli.commands.instance:application",
        "Back up and restore an instance.",
        single=False,
    ),
    "login": Command(_SESSION, "Sign in."),
    "logout": Command(_SESSION, "Sign out."),
    "whoami": Command(_SESSION, "Show who is signed in."),
    "git-credential": Command(
        _SESSION, "Give Git the session of who is signed in: a credential helper."
    ),
    "users": Command("idp.apps.cli.commands.users:application", "Manage users.", single=False),
    "create": Command(
        "idp.apps.cli.commands.create:application", "Make an application from a template."
    ),
    "deploy": Command(_APPLICATIONS, "Push the code in a folder and follow it to development."),
    "apps": Command(_APPLICATIONS, "Show every application in every environment."),
    "app": Command(_APPLICATIONS, "Show one application and what it waits for."),
    "logs": Command(_APPLICATIONS, "Show what an application writes."),
    "open": Command(_APPLICATIONS, "Open an application in the browser."),
    "release": Command(
        "idp.apps.cli.commands.release:application",
        "List, show and compare releases.",
        single=False,
    ),
    "promote": Command(_PROMOTION, "Bring a release to an environment."),
    "promotion": Command(
        "idp.apps.cli.commands.promotions:application",
        "List, watch and explain promotions.",
        single=False,
    ),
    "approve": Command(_PROMOTION, "Approve a promotion that waits for you."),
    "reject": Command(_PROMOTION, "Reject a promotion that waits for you, with the reason."),
    "rollback": Command(_PROMOTION, "Go back to what ran before, configuration included."),
    "freeze": Command(
        "idp.apps.cli.commands.freeze:application",
        "Stop promotions for a time: start, end and list freezes.",
        single=False,
    ),
    "dora": Command(
        "idp.apps.cli.commands.dora:application", "Show DORA's five metrics of an environment."
    ),
    "kinds": Command(_RESOURCES, "List the kinds of the platform."),
    "explain": Command(_RESOURCES, "Explain a kind or a field of it."),
    "get": Command(_RESOURCES, "List objects of any kind, or show one."),
    "describe": Command(_RESOURCES, "Show an object, its conditions and its events."),
    "apply": Command(_RESOURCES, "Apply manifests from files, folders or stdin."),
    "delete": Command(_RESOURCES, "Delete objects."),
    "audit": Command(
        "idp.apps.cli.commands.audit:application", "Read and verify the audit.", single=False
    ),
    "signing": Command(
        "idp.apps.cli.commands.signing:application",
        "Check signatures, evidence and transparency logs.",
        single=False,
    ),
    "security": Command(
        "idp.apps.cli.commands.security:application",
        "See what scanners found and what may pass; manage exceptions, rules and advisories.",
        single=False,
    ),
    "compliance": Command(
        "idp.apps.cli.commands.compliance:application",
        "Show what the platform can prove of SOC 2, NIST CSF and ISO 27001, and what is missing.",
        single=False,
    ),
}
