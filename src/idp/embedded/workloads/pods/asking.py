"""Asking probes: HTTP, TCP, a command in the container. Each answer says what happened."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

import aiohttp

from idp.embedded.workloads.pods import proc
from idp.embedded.workloads.pods.probes import Action, Answer, Exec, HttpGet, TcpSocket
from idp.embedded.workloads.pods.process import Process
from idp.embedded.workloads.pods.sandbox import enter, system_calls

_OUTPUT_LIMIT = 4096


async def ask(action: Action, process: Process, timeout: float) -> Answer:
    """Ask once. Never raises for what the container does."""
    try:
        async with asyncio.timeout(timeout):
            if isinstance(action, HttpGet):
                return await _http(action)
            if isinstance(action, TcpSocket):
                return await _tcp(action)
            return await run_in(process, action)
    except TimeoutError:
        return Answer(False, f"no answer within {timeout:g} s")


async def _http(action: HttpGet) -> Answer:
    connector = aiohttp.TCPConnector(ssl=False, force_close=True)
    try:
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(
                action.url, headers=dict(action.headers), allow_redirects=False
            ) as response,
        ):
            if 200 <= response.status < 400:
                return Answer(True)
            body = await response.content.read(200)
            text = body.decode(errors="replace").strip()
            return Answer(False, f"HTTP {response.status} from {action.url}: {text}".rstrip(": "))
    except aiohttp.ClientConnectorError as error:
        # asyncio puts a text of its own, with the address once more, in place of the system's.
        reason = os.strerror(error.errno) if error.errno else str(error)
        return Answer(False, f"GET {action.url}: {reason}")
    except (aiohttp.ClientError, OSError) as error:
        return Answer(False, f"GET {action.url}: {error or type(error).__name__}")


async def _tcp(action: TcpSocket) -> Answer:
    try:
        _, writer = await asyncio.open_connection(action.host, action.port)
    except OSError as error:
        return Answer(False, f"connecting to port {action.port}: {error.strerror or error}")
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return Answer(True)


async def run_in(process: Process, action: Exec) -> Answer:
    """Run a command beside the container's own, in the same sandbox, with its variables."""
    main = process.main
    if main is None:
        return Answer(False, "the container does not run")
    program = system_calls.program() if proc.is_filtered(main) else b""
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", enter.__file__, str(main), program.hex()),
            *action.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={},
            start_new_session=True,
        )
    except OSError as error:
        return Answer(False, f"{action.command[0]}: {error.strerror}")
    assert child.stdout is not None  # a pipe was asked for
    try:
        output = b""
        while chunk := await child.stdout.read(_OUTPUT_LIMIT):  # to the end, or it would block
            output = (output + chunk)[:_OUTPUT_LIMIT]
        code = await child.wait()
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
    text = output.decode(errors="replace").strip()
    return Answer(code == 0, "" if code == 0 else f"exit code {code}: {text}".rstrip(": "))
