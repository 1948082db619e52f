"""A baseline of dynamic tests against the running application: what its answers tell.

Runs: a few GET requests, one after the other, to this machine only; names are not resolved by
anybody else. Redirects are not followed.
Covers: see `baseline.py`. It does not crawl and does not attack.
Without a network: complete, for it needs the loopback interface only.
"""

from __future__ import annotations

from importlib.metadata import version
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from idp.capabilities.scanning.baseline import ASKED_WITH, EXPOSED, START, Answer, judge
from idp.capabilities.scanning.reports import ScannerReport, complete
from idp.kernel.errors import InvalidInput, Unavailable

NAME = "baseline"
MAX_BODY_BYTES = 64 * 1024
_MISSING = "/idp-baseline-nothing-is-here"


async def probe(url: str, host: str = "", timeout: float = 5.0) -> ScannerReport:
    """Ask a running application, and judge what it answers.

    Args:
        url: Its address on this machine, such as `http://127.0.0.1:8621`.
        host: By which name the gateway knows it; empty takes that of the address.
        timeout: Seconds for each answer.

    Raises:
        InvalidInput: The address is not on this machine.
        Unavailable: It does not answer.
    """
    base = require_loopback(url)
    headers = {**ASKED_WITH, **({"host": host} if host else {})}
    answers = []
    async with httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False) as client:
        for path in (START, _MISSING, *EXPOSED):
            try:
                answers.append(await _ask(client, base, path))
            except httpx.HTTPError as error:
                raise Unavailable(
                    f"{base}{path} does not answer: {type(error).__name__} {error}"
                ) from error
    return complete(NAME, version("idp"), judge(answers))


def require_loopback(url: str) -> str:
    """An address of this machine, without what follows the port.

    Raises:
        InvalidInput: It is another one; a name counts only if it is `localhost` or below that,
            which never leaves the machine (RFC 6761).
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        here = ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost" or host.endswith(".localhost")
        host = "127.0.0.1"
    if parts.scheme not in ("http", "https") or not here:
        raise InvalidInput(
            f"{url} is not on this machine, and nothing else is ever asked",
            remedy="Give the address of the gateway or of the application, such as "
            "http://127.0.0.1:8621.",
        )
    port = f":{parts.port}" if parts.port else ""
    literal = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{literal}{port}"


async def _ask(client: httpx.AsyncClient, base: str, path: str) -> Answer:
    async with client.stream("GET", f"{base}{path}") as response:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) >= MAX_BODY_BYTES:
                break
    told = tuple((key.lower(), value) for key, value in response.headers.multi_items())
    secure = base.startswith("https:")
    return Answer(path, response.status_code, told, bytes(body[:MAX_BODY_BYTES]), secure)
