from __future__ import annotations

import os
import socket

from idp.kernel.listening import listener_on


def test_who_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = listener_on(port)
        assert found is not None
        assert found.pid == os.getpid()
        assert str(found) == f"{found.command} (process {os.getpid()})"
    assert listener_on(port) is None
