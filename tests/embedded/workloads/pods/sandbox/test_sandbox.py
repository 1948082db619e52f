"""What a container can and cannot see and do, asked from inside."""

from __future__ import annotations

import errno
import io
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.embedded.workloads.pods.logs import PodLogs
from idp.embedded.workloads.pods.sandbox.detect import detect
from idp.kernel.conditions import is_true
from idp.kernel.resource import Manifest
from idp.kernel.standard import POD, SECRET

pytestmark = pytest.mark.skipif(
    detect().level != "full", reason="this machine allows no complete sandbox"
)

LOOK = """
import ctypes, json, os, socket
def refused(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__ + " " + str(error.errno)
    return "allowed"
libc = ctypes.CDLL(None, use_errno=True)
lines = [line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines()]
status = {line[0]: line[1] for line in lines if len(line) == 2}
print(json.dumps({
    "uid": [os.getuid(), os.getgid()],
    "root": sorted(os.listdir("/")),
    "processes": sorted(int(p) for p in os.listdir("/proc") if p.isdigit()),
    "capabilities": status["CapEff"].strip() + status["CapBnd"].strip(),
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "write_root": refused(lambda: open("/new", "w")),
    "write_image": refused(lambda: open("/app/new", "w")),
    "write_tmp": refused(lambda: open("/tmp/new", "w")),
    "fill_tmp": refused(lambda: open("/tmp/big", "wb").write(bytes(80 * 2**20))),
    "new_user_namespace": [libc.unshare(0x10000000), ctypes.get_errno()],
    "seccomp": status["Seccomp"].strip(),
    "host": socket.gethostname(),
    "data": os.path.exists(os.environ["DATA"]),
    "descriptors": [n for n in (7, 8, 9) if os.path.exists(f"/proc/self/fd/{n}")],
    "environment": dict(os.environ),
    "cwd": os.getcwd(),
}))
"""


async def look(machine: Any, push_image: Any, name: str, body: Manifest, **config: Any) -> Any:
    image = await push_image(LOOK, **config)
    env = [{"name": "DATA", "value": str(machine.data)}]
    container = {"name": "main", "image": image, "env": env, **body.pop("container", {})}
    await machine.pod(name, {"restartPolicy": "Never", "containers": [container], **body})
    await machine.when(POD, name, lambda p: p["status"]["phase"] in ("Succeeded", "Failed"))
    chunks = [chunk async for chunk in PodLogs(machine.data).read("demo", name)]
    return orjson.loads(b"".join(chunks))


async def test_the_inside(machine: Any, push_image: Any) -> None:
    seen = await look(machine, push_image, "inside", {})
    assert seen["uid"] == [65532, 65532]
    assert set(seen["capabilities"]) == {"0"}
    assert seen["no_new_privileges"] == "1"
    assert len(seen["processes"]) <= 3
    assert {"home", "srv", "work", "var"}.isdisjoint(seen["root"])
    assert seen["write_root"].startswith("OSError 30")
    assert seen["write_image"].startswith("OSError 30")
    assert seen["write_tmp"] == "allowed"
    assert seen["fill_tmp"].startswith("OSError 28")
    assert seen["new_user_namespace"] == [-1, errno.EPERM]
    assert seen["seccomp"] == "2"
    assert seen["host"] == "inside"
    assert seen["data"] is False
    assert seen["descriptors"] == []
    assert seen["cwd"] == "/app"
    assert set(seen["environment"]) <= {
        "DATA", "HOME", "HOSTNAME", "PATH", "PWD", "LC_CTYPE",
        "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE",
    }  # fmt: skip


async def test_user_and_writable_root_are_honoured(machine: Any, push_image: Any) -> None:
    security = {"runAsUser": 1234, "runAsGroup": 4321, "readOnlyRootFilesystem": False}
    body = {"container": {"securityContext": security, "workingDir": "/app/made/here"}}
    seen = await look(machine, push_image, "writes", body)
    assert seen["uid"] == [1234, 4321]
    assert seen["write_image"] == "allowed"
    assert seen["cwd"] == "/app/made/here"
    [image] = (p for p in Path(machine.images._data).iterdir())
    assert [file.name for file in (image / "root/app").iterdir()] == ["main.py"]


async def test_a_volume_may_be_mounted_inside_the_image(machine: Any, push_image: Any) -> None:
    image = await push_image(
        "import os\nprint(sorted(os.listdir('/app')), sorted(os.listdir('/app/data')))\n"
        "open('/app/data/x', 'w')\n"
    )
    mounts = [{"name": "data", "mountPath": "/app/data"}]
    await machine.pod(
        "mounted",
        {
            "restartPolicy": "Never",
            "volumes": [{"name": "data", "emptyDir": {}}],
            "containers": [{"name": "main", "image": image, "volumeMounts": mounts}],
        },
    )
    await machine.when(POD, "mounted", lambda p: p["status"]["phase"] == "Succeeded")
    chunks = [chunk async for chunk in PodLogs(machine.data).read("demo", "mounted")]
    assert b"".join(chunks).decode() == "['data', 'main.py'] []\n"


def shell_and_libraries() -> set[Path]:
    linked = subprocess.run(["ldd", "/bin/sh"], capture_output=True, text=True, check=True)
    libraries = {Path(word) for word in linked.stdout.split() if word.startswith("/")}
    return {Path("/bin/sh"), *libraries}


async def test_an_image_may_bring_its_own_root(
    machine: Any, push_layers: Any, tmp_path: Path
) -> None:
    """A static program of this machine's own would need a compiler: its shell and libraries do."""
    files = shell_and_libraries()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file in files:
            member = archive.gettarinfo(file.resolve(), arcname=str(file).lstrip("/"))
            with file.resolve().open("rb") as content:
                archive.addfile(member, content)
        passwd = b"app:x:77:78::/:/bin/sh\n"
        member = tarfile.TarInfo("etc/passwd")
        member.size = len(passwd)
        archive.addfile(member, io.BytesIO(passwd))
    script = "test -f /etc/hosts && test ! -e /usr/bin/python3 && echo $PORT-$GREETING && exit 5"
    image = await push_layers(
        [buffer.getvalue()], Entrypoint=["/bin/sh", "-c"], Cmd=[script], User="app", Env=["A=b"]
    )
    env = [{"name": "GREETING", "value": "$(PORT)!$$(PORT)"}]
    ports = [{"containerPort": 80}]
    container = {"name": "main", "image": image, "env": env, "ports": ports}
    await machine.pod("rooted", {"restartPolicy": "Never", "containers": [container]})
    pod = await machine.when(POD, "rooted", lambda p: p["status"]["phase"] == "Failed")
    [status] = pod["status"]["containerStatuses"]
    port = pod["metadata"]["annotations"]["platform.idp/port"]
    assert status["state"]["terminated"]["exitCode"] == 5
    assert status["state"]["terminated"]["message"] == f"{port}-{port}!$(PORT)"


async def test_a_probe_command_has_no_more_rights_than_the_container(
    machine: Any, push_image: Any
) -> None:
    image = await push_image("import time\ntime.sleep(600)\n")
    script = (
        "s=/proc/self/status; grep -q 'CapBnd:.0*$' $s && grep -q 'CapEff:.0*$' $s"
        " && grep -q 'Seccomp:.2' $s && grep -q 'NoNewPrivs:.1' $s && test $(id -u) = 65532"
        " && test $(pwd) = /app && ! touch /app/x && touch /tmp/x && head -c 300000 /dev/zero"
    )
    probe = {"exec": {"command": ["sh", "-c", script]}, "periodSeconds": 1, "timeoutSeconds": 5}
    await machine.pod(
        "asked", {"containers": [{"name": "m", "image": image, "readinessProbe": probe}]}
    )
    await machine.when(POD, "asked", lambda p: is_true(p, "Ready"))


async def test_no_secret_is_in_a_process_list(machine: Any, push_image: Any) -> None:
    image = await push_image("import time\nprint('up', flush=True)\ntime.sleep(600)\n")
    await machine.client.create(
        SECRET,
        {
            "metadata": {"name": "access", "namespace": "demo"},
            "stringData": {"token": "s3same-0pen"},
        },
    )
    env = [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "access", "key": "token"}}}]
    await machine.pod("secretive", {"containers": [{"name": "m", "image": image, "env": env}]})
    await machine.when(
        POD, "secretive", lambda p: "running" in p["status"]["containerStatuses"][0]["state"]
    )
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert b"s3same-0pen" not in process.read_bytes()
        except OSError:
            continue
