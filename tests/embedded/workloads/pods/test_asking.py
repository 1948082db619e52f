from __future__ import annotations

import os
import socket
from pathlib import Path

from idp.embedded.workloads.pods import proc
from idp.embedded.workloads.pods.asking import ask
from idp.embedded.workloads.pods.probes import HttpGet
from idp.embedded.workloads.pods.process import Process, ProcessId


async def test_an_application_that_does_not_listen_yet_is_told_in_few_words(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/healthz"
    process = Process(ProcessId(os.getpid(), 0, proc.boot_id()), tmp_path / "status")
    answer = await ask(HttpGet(url), process, 5)
    assert answer.message == f"GET {url}: Connection refused"
