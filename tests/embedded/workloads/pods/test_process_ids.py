from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

from idp.embedded.workloads.pods.process import Process, ProcessId


async def test_an_id_that_a_thread_has_by_now_is_that_of_nobody(tmp_path: Path) -> None:
    end, started = threading.Event(), threading.Event()

    def live() -> None:
        started.set()
        end.wait()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        await asyncio.to_thread(started.wait)
        assert thread.native_id not in (None, os.getpid())
        former = Process(ProcessId(thread.native_id or 0, 1, "another"), tmp_path / "status")
        async with asyncio.timeout(20):
            assert await former.wait() is None
        assert thread.is_alive()
    finally:
        end.set()
        thread.join()
