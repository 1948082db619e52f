"""Promises about one pod, kept with real processes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idp.embedded.workloads.pods.folders import token
from idp.embedded.workloads.pods.logs import PodLogs
from idp.embedded.workloads.pods.process import monitors
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, EVENT, POD, SECRET

READY_SERVER = """
import http.server, os
print("port", os.environ["PORT"], flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SLEEP = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"


def spec(image: str, **container: Any) -> Manifest:
    return {"containers": [{"name": "main", "image": image, **container}]}


def state(pod: Manifest, index: int = 0) -> Manifest:
    found: Manifest = pod["status"]["containerStatuses"][index]["state"]
    return found


def waits_for(reason: str) -> Any:
    return lambda pod: state(pod)["waiting"]["reason"] == reason


def runs(pod: Manifest) -> bool:
    return "running" in state(pod)


def is_ready(pod: Manifest) -> bool:
    condition = condition_of(pod, "Ready")
    return condition is not None and condition["status"] == "True"


def message(pod: Manifest) -> str:
    """Why the pod is not ready."""
    return str((condition_of(pod, "Ready") or {}).get("message", ""))


async def text_of(machine: Any, pod: str, container: str | None = None, **options: Any) -> str:
    logs = PodLogs(machine.data)
    chunks = [chunk async for chunk in logs.read("demo", pod, container, **options)]
    return b"".join(chunks).decode()


async def says(machine: Any, pod: str, text: str) -> str:
    """Wait until a pod's log contains a text."""

    async def ask() -> str:
        found = await text_of(machine, pod)
        return found if text in found else ""

    await machine.when(POD, pod, lambda p: p["status"]["containerStatuses"][0]["imageID"])
    answer: str = await machine.until(ask)
    return answer


async def reasons(machine: Any) -> set[str]:
    return {event["reason"] for event in (await machine.client.list(EVENT, "demo")).items}


async def test_a_crash_loop_shows_exit_code_and_last_lines(machine: Any, push_image: Any) -> None:
    image = await push_image("import sys\nprint('cannot find the database')\nsys.exit(3)\n")
    await machine.pod("crashing", spec(image))
    pod = await machine.when(POD, "crashing", waits_for("CrashLoopBackOff"))
    [status] = pod["status"]["containerStatuses"]
    assert "cannot find the database" in status["state"]["waiting"]["message"]
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert "cannot find the database" in status["lastState"]["terminated"]["message"]
    assert "cannot find the database" in message(pod)
    await machine.when(
        POD, "crashing", lambda p: p["status"]["containerStatuses"][0]["restartCount"] >= 2
    )
    assert {"BackOff", "Started", "Pulled"} <= await reasons(machine)
    assert await text_of(machine, "crashing", previous=True) == "cannot find the database\n"


async def test_listening_elsewhere_is_said_with_both_ports(machine: Any, push_image: Any) -> None:
    image = await push_image(
        "import socket, time\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "print('elsewhere', s.getsockname()[1], flush=True)\n"
        "time.sleep(600)\n"
    )
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
    await machine.pod(
        "elsewhere", spec(image, ports=[{"containerPort": 8080}], readinessProbe=probe)
    )
    pod = await machine.when(POD, "elsewhere", lambda p: "listens on" in message(p))
    real = (await says(machine, "elsewhere", "elsewhere")).split()[1]
    expected = pod["metadata"]["annotations"]["platform.idp/port"]
    assert f"listens on {real} and not on $PORT {expected}" in message(pod)


async def test_what_an_unready_container_wrote_last_is_shown(machine: Any, push_image: Any) -> None:
    image = await push_image("print('waits for the cache', flush=True)\n" + SLEEP)
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 1}
    await machine.pod("waits", spec(image, readinessProbe=probe))
    await machine.when(POD, "waits", lambda p: "; it wrote last: waits for the cache" in message(p))


async def test_a_config_map_volume_follows_the_config_map(machine: Any, push_image: Any) -> None:
    image = await push_image(
        "import time\nold = None\n"
        "while True:\n"
        "    new = open('/etc/settings/colour').read()\n"
        "    if new != old: print('colour', new, flush=True)\n"
        "    old = new\n"
        "    time.sleep(0.02)\n"
    )
    config: Manifest = {
        "metadata": {"name": "settings", "namespace": "demo"},
        "data": {"colour": "red"},
    }
    await machine.client.create(CONFIG_MAP, config)
    volumes = [{"name": "settings", "configMap": {"name": "settings"}}]
    mounts = [{"name": "settings", "mountPath": "/etc/settings"}]
    await machine.pod("reader", {**spec(image, volumeMounts=mounts), "volumes": volumes})
    await says(machine, "reader", "colour red")
    await machine.client.patch(CONFIG_MAP, "settings", {"data": {"colour": "blue"}}, "demo")
    await says(machine, "reader", "colour blue")
    pod = await machine.object(POD, "reader")
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


async def test_a_missing_secret_is_named_and_waited_for(machine: Any, push_image: Any) -> None:
    image = await push_image("import os\nprint('token', os.environ['TOKEN'], flush=True)\n")
    reference = {"secretKeyRef": {"name": "access", "key": "token"}}
    container = spec(image, env=[{"name": "TOKEN", "valueFrom": reference}])
    await machine.pod("secretive", {**container, "restartPolicy": "Never"})
    pod = await machine.when(POD, "secretive", waits_for("CreateContainerConfigError"))
    assert 'Secret "access" does not exist' in state(pod)["waiting"]["message"]
    await machine.client.create(
        SECRET,
        {"metadata": {"name": "access", "namespace": "demo"}, "data": {"token": "czNzYW1l"}},
    )
    await machine.when(POD, "secretive", lambda p: p["status"]["phase"] == "Succeeded")
    assert "token s3same" in await text_of(machine, "secretive")


async def test_a_missing_image_is_named(machine: Any) -> None:
    await machine.pod("imageless", spec(f"127.0.0.1:8600/demo/none@sha256:{'0' * 64}"))
    pod = await machine.when(POD, "imageless", waits_for("ErrImagePull"))
    assert "no manifest" in state(pod)["waiting"]["message"]


async def test_memory_over_the_limit_ends_the_container(machine: Any, push_image: Any) -> None:
    image = await push_image("import time\nx = bytearray(96 * 2**20)\ntime.sleep(600)\n")
    limits = {"limits": {"memory": "48Mi"}}
    await machine.pod("greedy", {**spec(image, resources=limits), "restartPolicy": "Never"})
    pod = await machine.when(POD, "greedy", lambda p: p["status"]["phase"] == "Failed")
    terminated = state(pod)["terminated"]
    assert (terminated["reason"], terminated["exitCode"]) == ("OOMKilled", 137)


async def test_init_containers_come_first_and_share_volumes(machine: Any, push_image: Any) -> None:
    init = await push_image("open('/work/made', 'w').write('by init')\n")
    main = await push_image("print(open('/work/made').read(), flush=True)\n")
    mounts = [{"name": "work", "mountPath": "/work"}]
    await machine.pod(
        "two",
        {
            "restartPolicy": "Never",
            "volumes": [{"name": "work", "emptyDir": {}}],
            "initContainers": [{"name": "first", "image": init, "volumeMounts": mounts}],
            "containers": [{"name": "main", "image": main, "volumeMounts": mounts}],
        },
    )
    pod = await machine.when(POD, "two", lambda p: p["status"]["phase"] == "Succeeded")
    assert await text_of(machine, "two", "main") == "by init\n"
    assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


async def test_a_failed_init_container_ends_a_pod_that_never_restarts(
    machine: Any, push_image: Any
) -> None:
    image = await push_image("raise SystemExit(4)\n")
    await machine.pod(
        "stillborn",
        {
            "restartPolicy": "Never",
            "initContainers": [{"name": "first", "image": image}],
            "containers": [{"name": "main", "image": image}],
        },
    )
    pod = await machine.when(POD, "stillborn", lambda p: p["status"]["phase"] == "Failed")
    assert "waiting" in state(pod)


async def test_a_failed_liveness_probe_restarts(machine: Any, push_image: Any) -> None:
    image = await push_image(SLEEP)
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}
    await machine.pod("ill", spec(image, livenessProbe=probe))
    pod = await machine.when(
        POD, "ill", lambda p: p["status"]["containerStatuses"][0]["restartCount"] >= 1
    )
    assert pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 143
    assert {"Unhealthy", "Killing"} <= await reasons(machine)


async def test_an_exec_probe_sees_what_the_container_sees(machine: Any, push_image: Any) -> None:
    image = await push_image(
        "import time\ntime.sleep(0.5)\nopen('/tmp/up', 'w').write('1')\ntime.sleep(600)\n"
    )
    command = ["sh", "-c", "test -f /tmp/up && test -f main.py && test $COLOUR = red"]
    probe = {"exec": {"command": command}, "periodSeconds": 1}
    env = [{"name": "COLOUR", "value": "red"}]
    await machine.pod("execed", spec(image, startupProbe=probe, readinessProbe=probe, env=env))
    await machine.when(POD, "execed", is_ready)


async def test_what_is_not_supported_is_refused_by_name(machine: Any, push_image: Any) -> None:
    image = await push_image(SLEEP)
    body = spec(image, securityContext={"privileged": True})
    body["volumes"] = [{"name": "all", "hostPath": {"path": "/"}}]
    await machine.pod("greedy", body)
    pod = await machine.when(POD, "greedy", lambda p: p["status"]["reason"])
    assert "spec.volumes[0].hostPath" in message(pod)
    assert "spec.containers[0].securityContext.privileged" in message(pod)
    assert pod["status"]["phase"] == "Pending"


async def test_a_pod_that_ignores_sigterm_is_killed_after_its_grace(
    machine: Any, push_image: Any
) -> None:
    image = await push_image(
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *a: print('no', flush=True))\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    await machine.pod("stubborn", {**spec(image), "terminationGracePeriodSeconds": 1})
    await says(machine, "stubborn", "up")
    await machine.client.delete(POD, "stubborn", "demo")
    await says_until_gone(machine, "stubborn")


async def test_a_pod_without_a_node_has_its_own_grace(machine: Any, push_image: Any) -> None:
    """An API server counts no grace for it: it says 0."""
    image = await push_image(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *a: (time.sleep(0.3), sys.exit(0)))\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    await machine.pod("polite", {**spec(image), "restartPolicy": "Never"})
    await says(machine, "polite", "up")
    version = (await machine.client.list(POD, "demo")).resource_version
    said = {"metadata": {"deletionGracePeriodSeconds": 0}}
    await machine.client.patch(POD, "polite", said, "demo")
    await machine.client.delete(POD, "polite", "demo")
    async with asyncio.timeout(20):
        async for event in machine.client.watch(POD, "demo", resource_version=version):
            if event.type == "DELETED":
                break
    (status,) = event.object["status"]["containerStatuses"]
    assert status["state"]["terminated"]["exitCode"] == 0


async def says_until_gone(machine: Any, name: str) -> None:
    async def gone() -> bool:
        return name not in [pod["metadata"]["name"] for pod in await machine.pods()]

    await machine.until(gone)
    assert not list((machine.data / "pods").iterdir())


async def test_logs_follow_until_the_container_ends(machine: Any, push_image: Any) -> None:
    image = await push_image(
        "import time\nfor n in range(5): print('line', n, flush=True); time.sleep(0.2)\n"
    )
    await machine.pod("talker", {**spec(image), "restartPolicy": "Never"})
    await says(machine, "talker", "line 0")
    followed = await text_of(machine, "talker", follow=True)
    assert followed == "".join(f"line {n}\n" for n in range(5))
    assert await text_of(machine, "talker", tail_lines=2) == "line 3\nline 4\n"


@pytest.mark.parametrize("policy", ["OnFailure", "Never"])
async def test_a_pod_that_ends_well_has_succeeded(
    machine: Any, push_image: Any, policy: str
) -> None:
    image = await push_image("print('done')\n")
    await machine.pod("once", {**spec(image), "restartPolicy": policy})
    pod = await machine.when(POD, "once", lambda p: p["status"]["phase"] == "Succeeded")
    assert state(pod)["terminated"]["reason"] == "Completed"


async def test_a_pod_may_live_only_so_long(machine: Any, push_image: Any) -> None:
    image = await push_image(SLEEP)
    await machine.pod(
        "short", {**spec(image), "activeDeadlineSeconds": 1, "restartPolicy": "Never"}
    )
    pod = await machine.when(POD, "short", lambda p: p["status"]["phase"] == "Failed")
    assert pod["status"]["reason"] == "DeadlineExceeded"


async def test_a_pod_that_vanishes_leaves_nothing_running(machine: Any, push_image: Any) -> None:
    image = await push_image(SLEEP)
    await machine.pod("forced", spec(image))
    await says(machine, "forced", "up")
    [(pid, _)] = monitors(f"idp:{token(machine.data)}:")
    await machine.client.patch(POD, "forced", {"metadata": {"finalizers": []}}, "demo")
    await machine.client.delete(POD, "forced", "demo")

    async def gone() -> bool:
        running = [found for found, _ in monitors(f"idp:{token(machine.data)}:")]
        return pid not in running and not list((machine.data / "pods").iterdir())

    await machine.until(gone)


async def test_a_sub_path_is_one_file_of_a_volume(machine: Any, push_image: Any) -> None:
    image = await push_image("print(open('/app/colour').read(), flush=True)\n")
    config: Manifest = {
        "metadata": {"name": "settings", "namespace": "demo"},
        "data": {"colour": "red"},
    }
    await machine.client.create(CONFIG_MAP, config)
    mounts = [{"name": "settings", "mountPath": "/app/colour", "subPath": "colour"}]
    volumes = [{"name": "settings", "configMap": {"name": "settings"}}]
    body = {**spec(image, volumeMounts=mounts), "volumes": volumes, "restartPolicy": "Never"}
    await machine.pod("part", body)
    await machine.when(POD, "part", lambda p: p["status"]["phase"] == "Succeeded")
    assert await text_of(machine, "part") == "red\n"
    body["volumes"] = [{"name": "settings", "emptyDir": {}}]
    await machine.pod("unsafe", body)
    pod = await machine.when(POD, "unsafe", waits_for("CreateContainerConfigError"))
    assert "subPath of the emptyDir" in state(pod)["waiting"]["message"]


async def test_a_pod_that_never_starts_up_is_ended(machine: Any, push_image: Any) -> None:
    image = await push_image(SLEEP)
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    await machine.pod("slow", spec(image, startupProbe=probe, ports=[{"containerPort": 8080}]))
    await machine.when(
        POD, "slow", lambda p: p["status"]["containerStatuses"][0]["restartCount"] >= 1
    )
    assert "Unhealthy" in await reasons(machine)
