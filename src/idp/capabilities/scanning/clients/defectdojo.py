"""DefectDojo's API v2, of which one call is needed: `POST /api/v2/reimport-scan/`.

Rules:
1. Only HTTPS, no redirect is followed, no credentials stand in the address.
2. Only public addresses, and those in networks that the operator allows; checked where the
   connection is made, so that no name leads into this machine or its network.
3. The key is sent in a header to that one address, and is in no message.
4. `reimport-scan` with `auto_create_context` makes product, engagement and test where they are not
   there yet, and the same document again changes nothing: a call may be repeated.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from yarl import URL

from idp.capabilities.scanning.documents.defectdojo import SCAN_TYPE
from idp.capabilities.scanning.download import PublicAddresses, require_public
from idp.kernel.errors import Forbidden, InvalidInput, Unavailable

TIMEOUT_SECONDS = 120.0
_LONGEST_ANSWER = 1024 * 1024
_PATH = "/api/v2/reimport-scan/"


@dataclass(frozen=True, slots=True)
class Context:
    """Where in DefectDojo a document belongs.

    Attributes:
        product_type: Groups products.
        product: The application, with its namespace.
        engagement: The environment.
        version: Digest of the image.
    """

    product_type: str
    product: str
    engagement: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class DefectDojo:
    """One server.

    Attributes:
        url: Its address.
        token: API v2 key.
        networks: Networks that may be reached though they are not public.
        tls: How it is verified; None for the system's authorities.
    """

    url: URL
    token: str = field(repr=False)
    networks: Sequence[str] = ()
    tls: ssl.SSLContext | None = None

    async def reimport(self, context: Context, document: dict[str, Any]) -> int:
        """Tell everything that is there; gives the number of the test.

        Raises:
            InvalidInput: The address is no https address, or the document is refused.
            Forbidden: The address may not be reached, or the key is refused.
            Unavailable: It does not answer, or not as DefectDojo does; try again later.
        """
        self._require_allowed()
        resolver = PublicAddresses(aiohttp.ThreadedResolver(), self.networks)
        connector = aiohttp.TCPConnector(resolver=resolver, ssl=self.tls or True)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        headers = {"Authorization": f"Token {self.token}", "Accept": "application/json"}
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            try:
                async with session.post(
                    self.url.join(URL(_PATH)),
                    data=_form(context, document),
                    headers=headers,
                    allow_redirects=False,
                ) as response:
                    return _test(response.status, await response.content.read(_LONGEST_ANSWER))
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                said = str(error) or type(error).__name__
                raise Unavailable(f"{self.url.host} does not answer: {said}") from error

    def _require_allowed(self) -> None:
        url = self.url
        if url.scheme != "https" or url.host is None or url.user is not None:  # Rule 1
            raise InvalidInput(
                f"{url.scheme}://{url.host} is not an https address without credentials",
                remedy="Correct `url` in the Secret.",
            )
        try:
            ipaddress.ip_address(url.host)
        except ValueError:
            return  # a name: checked when it is resolved
        require_public(url.host, self.networks)  # Rule 2: the resolver is not asked for addresses


def _form(context: Context, document: dict[str, Any]) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in (
        ("scan_type", SCAN_TYPE),
        ("product_type_name", context.product_type),
        ("product_name", context.product),
        ("engagement_name", context.engagement),
        ("test_title", "idp"),
        ("version", context.version),
        ("auto_create_context", "true"),
        ("close_old_findings", "true"),
        ("minimum_severity", "Info"),
    ):
        form.add_field(name, value)
    form.add_field(
        "file",
        orjson.dumps(document),
        filename="findings.json",
        content_type="application/json",
    )
    return form


def _test(status: int, answer: bytes) -> int:
    if status in (401, 403):
        raise Forbidden(
            f"DefectDojo refuses the key (HTTP {status})",
            remedy="Put a valid API v2 key with the right to import into the Secret.",
        )
    if 300 <= status < 400:
        raise Unavailable(f"DefectDojo answers with a redirect (HTTP {status})")
    if 400 <= status < 500 and status not in (408, 429):
        text = answer[:500].decode(errors="replace")
        raise InvalidInput(f"DefectDojo refuses the document (HTTP {status}): {text}")
    if status != 201:
        raise Unavailable(f"DefectDojo answers HTTP {status}")
    try:
        return int(orjson.loads(answer)["test"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable("the answer is not one of DefectDojo's reimport-scan") from error
