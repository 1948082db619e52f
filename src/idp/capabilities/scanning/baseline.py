"""What the answers of a running application tell about it: headers, cookies, exposures. Pure.

After the OWASP Secure Headers Project (https://owasp.org/www-project-secure-headers/) and RFC 6265.
Nothing here attacks: the paths that are asked for are those that a browser or a careless deployment
would serve.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from idp.capabilities.scanning.decide import lowest_score
from idp.capabilities.scanning.reports import Finding

START = "/"
EXPOSED = {
    "/.git/HEAD": (re.compile(rb"ref: refs/|[0-9a-f]{40}"), "the history of the source code"),
    "/.env": (re.compile(rb"(?m)^[A-Z][A-Z0-9_]*="), "settings, often with passwords"),
    "/.aws/credentials": (re.compile(rb"aws_access_key_id"), "keys of a cloud"),
    "/actuator/env": (re.compile(rb'"propertySources"'), "the environment of the process"),
    "/debug/pprof/": (re.compile(rb"Types of profiles available"), "profiles of the process"),
    "/server-status": (re.compile(rb"Apache Server Status"), "who asks for what"),
    "/console": (re.compile(rb"Werkzeug|__debugger__"), "a debugger that runs code"),
}
"""Path -> what its content looks like when it is really there, and what that is."""

_DEBUG = re.compile(rb"Werkzeug Debugger|Traceback \(most recent call last\)|DEBUG = True")
_VERSION = re.compile(r"[/ ]\d+\.\d+")
_YEAR = 31_536_000 // 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application answered.

    Attributes:
        path: That was asked for.
        status: Of HTTP.
        headers: Names in lower case, with values, in the order in which they came.
        body: Its beginning.
        secure: Whether it came over TLS.
    """

    path: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    secure: bool = False

    def header(self, name: str) -> str:
        """The value of a header; empty without it."""
        return next((value for key, value in self.headers if key == name), "")


def judge(answers: Sequence[Answer]) -> list[Finding]:
    """What is wrong, by rule and path."""
    findings = []
    for answer in answers:
        if answer.path == START:
            findings += [*_headers(answer), *_transport(answer), *_told(answer)]
        findings += [*_cookies(answer), *_exposed(answer), *_errors(answer)]
    return findings


def _headers(answer: Answer) -> Iterator[Finding]:
    if "html" not in answer.header("content-type"):
        return
    policy = answer.header("content-security-policy").lower()
    if not policy:
        yield _finding("dast-no-csp", "medium", answer, "pages have no Content-Security-Policy")
    elif "'unsafe-inline'" in policy and "nonce-" not in policy and "'sha256-" not in policy:
        text = "the Content-Security-Policy allows inline scripts"
        yield _finding("dast-weak-csp", "low", answer, text)
    framed = answer.header("x-frame-options") or "frame-ancestors" in policy
    if not framed:
        yield _finding("dast-framing", "medium", answer, "other sites may frame the pages")
    if answer.header("x-content-type-options").lower() != "nosniff":
        text = "browsers may guess types: X-Content-Type-Options is not nosniff"
        yield _finding("dast-sniffing", "low", answer, text)
    if not answer.header("referrer-policy"):
        yield _finding("dast-referrer", "low", answer, "pages have no Referrer-Policy")


def _transport(answer: Answer) -> Iterator[Finding]:
    if not answer.secure:
        return
    match = re.search(r"max-age=\"?(\d+)", answer.header("strict-transport-security"))
    if match is None or int(match.group(1)) < _YEAR:
        text = "Strict-Transport-Security is missing, or shorter than half a year"
        yield _finding("dast-no-hsts", "medium", answer, text)


def _told(answer: Answer) -> Iterator[Finding]:
    for name in ("server", "x-powered-by", "x-aspnet-version"):
        value = answer.header(name)
        if _VERSION.search(value):
            yield _finding("dast-version-told", "low", answer, f"{name} tells a version")
    origin = answer.header("access-control-allow-origin")
    credentials = answer.header("access-control-allow-credentials").lower() == "true"
    if origin and origin != "null" and credentials and origin == _FOREIGN:
        text = "any site may ask with the visitor's cookies (CORS)"
        yield _finding("dast-cors", "high", answer, text)


_FOREIGN = "https://elsewhere.invalid"
ASKED_WITH = {"origin": _FOREIGN, "user-agent": "idp-baseline"}
"""Headers with which the answers are asked for."""


def _cookies(answer: Answer) -> Iterator[Finding]:
    for value in (value for key, value in answer.headers if key == "set-cookie"):
        try:
            cookies = SimpleCookie(value)
        except CookieError:
            continue
        for name, morsel in cookies.items():
            wrong = [
                word
                for word, missing in (
                    ("HttpOnly", not morsel["httponly"]),
                    ("SameSite", not morsel["samesite"]),
                    ("Secure", answer.secure and not morsel["secure"]),
                )
                if missing
            ]
            if wrong:
                text = f"cookie {name[:60]} lacks {', '.join(wrong)}"
                yield _finding("dast-cookie", "low", answer, text, f"cookie:{name[:60]}")


def _exposed(answer: Answer) -> Iterator[Finding]:
    if answer.path in EXPOSED and answer.status == 200:
        looks, what = EXPOSED[answer.path]
        if looks.search(answer.body):
            yield _finding("dast-exposed", "high", answer, f"everybody may read {what}")


def _errors(answer: Answer) -> Iterator[Finding]:
    if answer.status >= 400 and _DEBUG.search(answer.body):
        text = "errors show the inside of the application"
        yield _finding("dast-debug-errors", "medium", answer, text)


def _finding(rule: str, word: str, answer: Answer, text: str, place: str = "") -> Finding:
    return Finding(
        id=rule, severity=lowest_score(word), summary=text, location=place or answer.path
    )
