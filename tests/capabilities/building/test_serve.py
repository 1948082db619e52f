"""The static server that images of sites carry."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.capabilities.building.serve import Handler, Server, make_server, parse_range

Answer = tuple[int, dict[str, str], bytes]
Ask = Callable[..., Answer]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    site = tmp_path / "site"
    (site / "docs").mkdir(parents=True)
    (site / "empty").mkdir()
    (site / "index.html").write_text("<h1>hello</h1>")
    (site / "docs/index.html").write_text("docs")
    (site / "data.bin").write_bytes(b"0123456789")
    (site / "nothing").write_bytes(b"")
    (site / "ä b.json").write_text("{}")
    (site / ".hidden").write_text("secret")
    (tmp_path / "outside.txt").write_text("secret")
    (site / "link.txt").symlink_to(tmp_path / "outside.txt")
    running = make_server(site, 0)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def ask(server: Server) -> Iterator[Ask]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)

    def request(path: str, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    yield request
    connection.close()


def test_the_content_does_not_wait_for_the_client_to_confirm_the_headers(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted: list[int] = []
    handle = Handler.handle

    def noted(self: Handler) -> None:
        accepted.append(self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        handle(self)

    monkeypatch.setattr(Handler, "handle", noted)
    ask("/")
    assert accepted == [1]


def test_files_and_indexes_are_served_with_their_types(ask: Ask) -> None:
    status, headers, body = ask("/")
    assert (status, body) == (200, b"<h1>hello</h1>")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask("/docs/?x=1")[2] == b"docs"
    status, headers, _ = ask("/%C3%A4%20b.json")
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert ask("/data.bin")[1]["Content-Type"] == "application/octet-stream"
    assert ask("/nothing")[::2] == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/empty/",
        "/.hidden",
        "/link.txt",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/docs/%2e%2e/%2e%2e/outside.txt",
        "/%00",
        "/" + "x" * 5000,
    ],
)
def test_nothing_else_exists(ask: Ask, path: str) -> None:
    status, _, body = ask(path)
    assert status == 404
    assert b"secret" not in body


def test_head_gives_the_headers_alone(ask: Ask) -> None:
    status, headers, body = ask("/data.bin", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "10", b"")


def test_other_methods_are_refused(ask: Ask) -> None:
    assert ask("/", "POST")[0] == 501


def test_what_the_client_has_is_not_sent_again(ask: Ask) -> None:
    tag = ask("/data.bin")[1]["ETag"]
    assert ask("/data.bin", If_None_Match=tag)[::2] == (304, b"")
    assert ask("/data.bin", If_None_Match='"other"')[0] == 200


def test_a_part_is_sent_on_request(ask: Ask) -> None:
    status, headers, body = ask("/data.bin", Range="bytes=2-4")
    assert (status, headers["Content-Range"], body) == (206, "bytes 2-4/10", b"234")
    assert ask("/data.bin", Range="bytes=-3")[2] == b"789"
    assert ask("/data.bin", Range="bytes=8-")[2] == b"89"
    status, headers, _ = ask("/data.bin", Range="bytes=10-")
    assert (status, headers["Content-Range"]) == (416, "bytes */10")
    assert ask("/data.bin", Range="bytes=2-4", If_Range='"old"')[::2] == (200, b"0123456789")


@pytest.mark.parametrize("header", ["", "lines=1-2", "bytes=1-2,4-5", "bytes=-", "bytes=x-y"])
def test_a_range_that_is_not_understood_means_the_whole(header: str) -> None:
    assert parse_range(header, 10) is None


def test_a_range_ends_at_the_end() -> None:
    assert parse_range("bytes=5-100", 10) == (5, 9)
    assert parse_range("bytes=-100", 10) == (0, 9)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-4", "bytes=-0"])
def test_a_range_outside_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match="bytes"):
        parse_range(header, 10)


def test_kept_connections_are_told_to_leave_when_the_server_stops(server: Server, ask: Ask) -> None:
    assert "Connection" not in ask("/")[1]
    server.stopping = True
    assert ask("/")[1]["Connection"] == "close"
