"""The client against registries that fail, lie, or ask for tokens."""

from __future__ import annotations

import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from idp.kernel.capability import Remote
from idp.kernel.errors import (
    IdpError,
    MissingPrerequisite,
    Unauthorized,
    Unavailable,
    VerificationFailed,
)
from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_MANIFEST, Descriptor
from idp.protocols.oci.reference import digest_of

REPOSITORY = "demo/hello"
BASIC = "Basic " + base64.b64encode(b"user:secret-word").decode()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(application)
        await runner.setup()
        runners.append(runner)
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, listener).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


def client(url: str, username: str = "user") -> HttpRegistry:
    return HttpRegistry(Remote(url, username, "secret-word"))


async def test_a_read_is_tried_again_when_the_connection_breaks(serve: Serve) -> None:
    calls: list[str] = []

    async def breaks_once(request: web.Request) -> web.StreamResponse:
        calls.append(request.method)
        if len(calls) == 1:
            assert request.transport is not None
            request.transport.close()
        return web.json_response({"tags": ["1.0"]})

    async with client(await serve(breaks_once)) as registry:
        assert await registry.tags(REPOSITORY) == ["1.0"]
    assert calls == ["GET", "GET"]


async def test_an_upload_is_not_begun_twice(serve: Serve) -> None:
    calls: list[str] = []

    async def breaks(request: web.Request) -> web.StreamResponse:
        if request.method == "HEAD":
            return web.Response(status=404)
        calls.append(request.method)
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with client(await serve(breaks)) as registry:
        with pytest.raises(Unavailable):
            await registry.push_blob(REPOSITORY, b"content", EMPTY_JSON)
    assert calls == ["POST"]


async def test_a_registry_that_is_down_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.protocols.oci.transport._FIRST_DELAY", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    async with client(f"http://127.0.0.1:{port}") as registry:
        with pytest.raises(Unavailable, match="does not answer") as refusal:
            await registry.tags(REPOSITORY)
    assert refusal.value.retryable
    assert "secret-word" not in str(refusal.value)


async def test_content_that_is_not_what_its_digest_says_is_refused(serve: Serve) -> None:
    async def lies(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"altered", content_type=IMAGE_MANIFEST)

    digest = digest_of(b"expected")
    async with client(await serve(lies)) as registry:
        with pytest.raises(VerificationFailed):
            await registry.manifest(REPOSITORY, digest)
        with pytest.raises(VerificationFailed):
            await registry.blob(REPOSITORY, digest)
        with pytest.raises(VerificationFailed):
            [chunk async for chunk in registry.stream_blob(REPOSITORY, digest)]


async def test_a_stream_that_ends_early_is_unavailable(serve: Serve) -> None:
    async def cut_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"some")
        assert request.transport is not None
        request.transport.close()
        return response

    async with client(await serve(cut_off)) as registry:
        with pytest.raises(Unavailable):
            [chunk async for chunk in registry.stream_blob(REPOSITORY, digest_of(b"x"))]


async def test_a_bearer_challenge_is_answered_once(serve: Serve) -> None:
    asked: list[tuple[str, str, str]] = []

    async def with_tokens(request: web.Request) -> web.StreamResponse:
        authorization = request.headers.get("Authorization", "")
        if request.path == "/token":
            asked.append((authorization, request.query["service"], request.query["scope"]))
            return web.json_response({"token": "ticket"})
        if authorization != "Bearer ticket":
            challenge = f'Bearer realm="http://{request.host}/token",service="it",scope="x"'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        return web.json_response({"tags": ["1.0"]})

    async with client(await serve(with_tokens)) as registry:
        assert await registry.tags(REPOSITORY) == ["1.0"]
        assert await registry.tags(REPOSITORY) == ["1.0"]
    assert asked == [(BASIC, "it", f"repository:{REPOSITORY}:pull")]


async def test_the_password_is_not_sent_to_another_host_in_the_clear(serve: Serve) -> None:
    async def elsewhere(_request: web.Request) -> web.StreamResponse:
        challenge = 'Bearer realm="http://localhost:9/token"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    async with client(await serve(elsewhere)) as registry:
        with pytest.raises(Unauthorized, match="not encrypted"):
            await registry.tags(REPOSITORY)


async def test_the_password_does_not_follow_a_location_to_another_server(serve: Serve) -> None:
    seen: list[str | None] = []

    async def storage(request: web.Request) -> web.StreamResponse:
        await request.read()
        seen.append(request.headers.get("Authorization"))
        return web.Response(status=201)

    storage_url = await serve(storage)

    async def front(request: web.Request) -> web.StreamResponse:
        if request.method == "HEAD":
            return web.Response(status=404)
        return web.Response(status=202, headers={"Location": f"{storage_url}/put?key=1"})

    async with client(await serve(front)) as registry:
        await registry.push_blob(REPOSITORY, b"content", EMPTY_JSON)
    assert seen == [None]


async def test_a_registry_without_referrers_is_refused_by_name(serve: Serve) -> None:
    async def old(request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.Response(status=201 if request.method == "PUT" else 404)

    subject = Descriptor(IMAGE_MANIFEST, digest_of(b"x"), 1)
    async with client(await serve(old)) as registry:
        with pytest.raises(MissingPrerequisite, match=r"1\.1"):
            await registry.referrers(REPOSITORY, subject.digest)
        with pytest.raises(MissingPrerequisite):
            await registry.push_manifest(
                REPOSITORY, {"mediaType": IMAGE_MANIFEST, "subject": subject.as_json()}
            )


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"errors":[]}', b'{"errors":["x"]}'])
async def test_an_error_in_a_strange_form_is_still_an_error(serve: Serve, body: bytes) -> None:
    async def strange(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=403, body=body)

    async with client(await serve(strange)) as registry:
        with pytest.raises(IdpError) as refusal:
            await registry.tags(REPOSITORY)
    assert refusal.value.status == 403
    assert "HTTP 403" in refusal.value.message
