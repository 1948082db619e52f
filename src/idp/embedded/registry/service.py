"""What all routes share: storage, rights, limits; and the names in their requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from idp.embedded.registry.content import ContentStore
from idp.embedded.registry.errors import bad_request, error_response, from_os_error
from idp.embedded.registry.gate import Gate
from idp.embedded.registry.repositories import Repository
from idp.kernel.access import Action
from idp.kernel.errors import IdpError, TooLarge
from idp.protocols.oci.reference import is_digest, is_tag

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may send, in bytes.

    Attributes:
        blob: One blob, however many chunks it comes in.
        manifest: One manifest; the OCI specification asks for 4 MiB at least.
    """

    blob: int = 768 * 2**20
    manifest: int = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Service:
    """What every route needs.

    Attributes:
        store: The content.
        gate: Rights.
        limits: Sizes.
        on_change: Called in the event loop after a repository's manifests or tags changed.
    """

    store: ContentStore
    gate: Gate
    limits: Limits
    on_change: Callable[[str], None]

    async def open(self, request: Request, *actions: Action) -> tuple[Repository, Action]:
        """The repository of a request, once one of `actions` is allowed on it."""
        name, action = await self.gate.demand(request, *actions)
        return Repository(self.store, name), action


def digest_in(text: str) -> str:
    """A digest from a request.

    Raises:
        InvalidInput: `DIGEST_INVALID`.
    """
    if not is_digest(text):
        raise bad_request(
            "DIGEST_INVALID",
            f'"{text[:100]}" is not a digest that this registry keeps',
            "Use `sha256:` and 64 lower case hexadecimal digits.",
        )
    return text


def reference_in(text: str) -> str:
    """A tag or digest from a request.

    Raises:
        InvalidInput: It is neither.
    """
    if not is_tag(text):
        return digest_in(text)
    return text


def answering_errors(handler: Handler) -> Handler:
    """Word what a handler raises as OCI distribution wants it."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except IdpError as error:
            return error_response(error)
        except OSError as error:
            log.error("registry storage failed", path=request.url.path, error=str(error))
            return error_response(from_os_error(error))

    return answer


def too_large(what: str, limit: int) -> TooLarge:
    """Content over its limit."""
    return TooLarge(
        f"{what} is larger than {limit} bytes",
        remedy="Split the layer or leave out what the application does not need.",
    )
