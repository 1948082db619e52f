"""Tiny applications for tests: one Python file, no dependencies, no package registry."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.platform import Platform

NAMESPACE = "demo"

SERVING = """
import http.server, os, signal, threading, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = os.environ.get("IDP_CONFIGURATION", "")
        greeting = open(path).read().strip() if path else ""
        body = f"VERSION {greeting}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if stopping.is_set():
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopping.set())
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("VERSION serves", flush=True)
stopping.wait()
time.sleep(1)
"""
CRASHING = """
print("VERSION looks for its database", flush=True)
raise SystemExit("no database at db.example:5432")
"""
NEVER_READY = SERVING.replace("self.send_response(200)", "self.send_response(503)").replace(
    "VERSION serves", "VERSION waits for its cache to fill"
)
ANOTHER_PORT = SERVING.replace('int(os.environ["PORT"])', "0").replace(
    '"VERSION serves"', '"VERSION listens on", server.server_port'
)


@dataclass
class Application:
    """An application of a test: its repository, and what it looks like from outside."""

    platform: Platform
    folder: Path
    name: str
    greetings: dict[str, str] = field(default_factory=dict)

    def write(self, version: str, program: str = SERVING, **spec: Any) -> str:
        """Commit a version; gives the commit's id."""
        if not (self.folder / ".git").exists():
            self.folder.mkdir(parents=True)
            self.git("init", "--quiet", "--initial-branch=main")
        package = self.folder / "service"
        package.mkdir(exist_ok=True)
        (package / "__main__.py").write_text(program.replace("VERSION", version))
        (self.folder / "requirements.txt").write_text("")
        return self.declare(self.declaration(**spec), f"Version {version}")

    def declaration(self, **spec: Any) -> str:
        """`idp.yaml`."""
        from yaml import safe_dump_all

        kinds: list[dict[str, Any]] = [
            {
                "apiVersion": "platform.idp/v1alpha1",
                "kind": "WebApplication",
                "metadata": {"name": self.name},
                "spec": {"health": {"path": "/", "periodSeconds": 1}, **spec},
            }
        ]
        if self.greetings:
            kinds.append(
                {
                    "apiVersion": "platform.idp/v1alpha1",
                    "kind": "ApplicationConfiguration",
                    "metadata": {"name": f"{self.name}-config"},
                    "spec": {"defaults": self.greetings},
                }
            )
        text: str = safe_dump_all(kinds)
        return text

    def declare(self, text: str, message: str = "Change idp.yaml") -> str:
        """Commit a text as `idp.yaml`; gives the commit's id."""
        (self.folder / "idp.yaml").write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        """Run git in the repository."""
        identity = {
            "GIT_AUTHOR_NAME": "Maya",
            "GIT_AUTHOR_EMAIL": "maya@example.com",
            "GIT_COMMITTER_NAME": "Maya",
            "GIT_COMMITTER_EMAIL": "maya@example.com",
        }
        answer = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **identity},
            capture_output=True,
            text=True,
            check=True,
        )
        return answer.stdout.strip()

    def deploy(self, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Push and follow to development."""
        return self.platform.cli(
            "deploy", str(self.folder), "--name", self.name, "--user", "maya", check=check
        )

    def push(self) -> None:
        """Push and follow nothing."""
        session = self.platform.session("maya")
        settings = self.platform.settings
        self.git(
            "push",
            "--quiet",
            f"http://maya:{session}@127.0.0.1:{settings.hub}/git/{NAMESPACE}/{self.name}.git",
            "HEAD:refs/heads/main",
        )

    def manifest(self, environment: str) -> dict[str, Any]:
        """The WebApplication; empty when there is none."""
        return self.platform.object(environment, "webapplications", self.name)

    def runs(self, environment: str, commit: str) -> bool:
        """Whether the release of a commit is ready in an environment."""
        manifest = self.manifest(environment)
        status = manifest.get("status") or {}
        release = (manifest.get("metadata") or {}).get("labels", {}).get("platform.idp/release", "")
        current = status.get("observedGeneration") == (manifest.get("metadata") or {}).get(
            "generation"
        )
        ready = any(
            c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", [])
        )
        return bool(release.endswith(f"-{commit[:7]}") and current and ready)

    def promotions(self, environment: str, commit: str = "") -> list[dict[str, Any]]:
        """Promotions of the application, oldest first; of one commit's release when it is given."""
        found = [
            promotion
            for promotion in self.platform.objects(environment, "promotions")
            if promotion["spec"]["application"] == self.name
            and promotion["spec"].get("release", "").endswith(commit[:7])
        ]
        return sorted(found, key=lambda p: (p["metadata"]["creationTimestamp"], _version(p)))

    def phase(self, environment: str, commit: str) -> str:
        """Phase of the newest promotion of a commit's release; empty when there is none."""
        found = self.promotions(environment, commit)
        phase: str = (found[-1].get("status") or {}).get("phase", "") if found else ""
        return phase

    def step(self, environment: str, commit: str, name: str) -> str:
        """Phase of one step of the newest promotion; empty when it was not reached."""
        found = self.promotions(environment, commit)
        status = (found[-1].get("status") or {}) if found else {}
        phases = {s["name"]: s["phase"] for s in status.get("steps", [])}
        return "" if phases.get(name) == "Pending" else str(phases.get(name, ""))

    def pids(self, environment: str) -> list[int]:
        """Process ids of the containers that run, sorted."""
        pods = self.platform.layout.instance(environment).workloads / "pods"
        records = pods.glob(f"{NAMESPACE}_{self.name}-*/containers/*/record.json")
        found = [(json.loads(record.read_text()).get("process") or {}) for record in records]
        return sorted(int(process["pid"]) for process in found if process and lives(process["pid"]))

    def settled_pids(self, environment: str) -> list[int]:
        """Wait until one release alone runs, and give its process ids.

        A promotion has succeeded when the new pods serve; the old ones end a little later.
        """
        found: list[int] = self.platform.until(
            lambda: self._pids_of_one_release(environment), "the rollout's end", 120
        )
        return found

    def _pids_of_one_release(self, environment: str) -> list[int]:
        pids = self.pids(environment)
        pods = [
            pod["metadata"]
            for pod in self.platform.objects(environment, "pods", "/api/v1")
            if pod["metadata"]["name"].startswith(f"{self.name}-")
        ]
        releases = {pod["labels"]["pod-template-hash"] for pod in pods}
        draining = any("deletionTimestamp" in pod for pod in pods)
        return pids if len(releases) == 1 and not draining and len(pids) == len(pods) else []


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _version(manifest: dict[str, Any]) -> int:
    return int(manifest["metadata"]["resourceVersion"])
