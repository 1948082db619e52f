from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.capabilities.scanning.manifests import module_of
from idp.capabilities.scanning.sbom import Bill
from idp.capabilities.scanning.scanners.infrastructure import (
    Infrastructure,
    judge_folder,
    judge_text,
)
from idp.capabilities.scanning.scanners.ports import Target

GOOD_CONTAINER: dict[str, Any] = {
    "name": "shop",
    "image": "registry.example/shop:1.2",
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
    },
    "resources": {"limits": {"memory": "64Mi"}, "requests": {"cpu": "10m"}},
}


def deployment(pod: dict[str, Any] | None = None, **changes: Any) -> str:
    spec = {"containers": [{**GOOD_CONTAINER, **changes}], **(pod or {})}
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop"},
        "spec": {"template": {"spec": spec}},
    }
    return yaml.safe_dump(manifest)


def context(**changes: Any) -> dict[str, Any]:
    return {"securityContext": {**GOOD_CONTAINER["securityContext"], **changes}}


def role(kind: str, **body: Any) -> str:
    return json.dumps({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, **body})


ROLE = role("Role", rules=[{"verbs": ["*"], "resources": ["*"]}])
DEPLOYMENT_IN_A_LIST = json.dumps(
    {"apiVersion": "v1", "kind": "List", "items": [yaml.safe_load(deployment(image="shop"))]}
)
CRON = json.dumps(
    {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "spec": {
            "jobTemplate": {
                "spec": {
                    "template": {"spec": yaml.safe_load(deployment())["spec"]["template"]["spec"]}
                }
            }
        },
    }
)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (deployment(), set()),
        (CRON, set()),
        ("a: 1\n---\n- just: yaml\n", set()),
        (deployment(**context(privileged=True)), {"k8s-privileged"}),
        (deployment(**context(allowPrivilegeEscalation=True)), {"k8s-privilege-escalation"}),
        (deployment(**context(capabilities={"add": ["SYS_ADMIN"]})), {"k8s-capabilities"}),
        (deployment(**context(capabilities={"add": ["CHOWN"]})), set()),
        (deployment(**context(runAsNonRoot=False)), {"k8s-root"}),
        (deployment(**context(runAsNonRoot=False, runAsUser=1000)), set()),
        (
            deployment(
                {"securityContext": {"runAsNonRoot": True}},
                securityContext={"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True},
            ),
            set(),
        ),
        (deployment(**context(readOnlyRootFilesystem=False)), {"k8s-writable-root"}),
        (deployment(resources={}), {"k8s-no-memory-limit", "k8s-no-cpu-request"}),
        (deployment(image="shop"), {"k8s-image-tag"}),
        (deployment(image="localhost:5000/shop"), {"k8s-image-tag"}),
        (deployment(image="shop:latest"), {"k8s-image-tag"}),
        (deployment(image="shop@sha256:" + "a" * 64), set()),
        (DEPLOYMENT_IN_A_LIST, {"k8s-image-tag"}),
        (deployment(ports=[{"containerPort": 80, "hostPort": 80}]), {"k8s-host-port"}),
        (deployment({"hostNetwork": True}), {"k8s-host-namespace"}),
        (deployment({"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}), {"k8s-host-path"}),
        (
            deployment({"initContainers": [{**GOOD_CONTAINER, "image": "x"}]}),
            {"k8s-image-tag"},
        ),
        (ROLE, {"k8s-role-everything"}),
        (
            role("ClusterRoleBinding", roleRef={"name": "cluster-admin"}),
            {"k8s-binding-cluster-admin"},
        ),
    ],
)
def test_manifests(text: str, rules: set[str]) -> None:
    assert {finding.id for finding in judge_text("a.yaml", "kubernetes", text)} == rules


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("FROM python:3.12\nUSER 1000\n", set()),
        ("FROM python:3.12 AS build\nUSER root\nFROM build\nUSER nobody\n", set()),
        ("ARG BASE\nFROM ${BASE}\nUSER app", set()),
        ("FROM scratch\nUSER 65532:65532\n", set()),
        ("FROM python:3.12\nRUN x\n", {"docker-root-user:0"}),
        ("FROM python:3.12\nUSER app\nUSER root:root\n", {"docker-root-user:3"}),
        ("FROM --platform=linux/amd64 python\nUSER app\n", {"docker-image-tag:1"}),
        ("FROM a:1\nUSER app\nADD https://x.example/a /a", {"docker-remote-add:3"}),
        ("FROM a:1\nUSER app\nADD --checksum=sha256:aa https://x.example/a /a", set()),
        (
            "FROM a:1\nUSER app\nRUN apt-get update && \\\n  # why\n  curl -s https://x | sh\n",
            {"docker-piped-script:3"},
        ),
        ("FROM a:1\nUSER app\nRUN <<EOF\nwget -qO- x | bash\nEOF\n", {"docker-piped-script:3"}),
        ("FROM a:1\nUSER app\nENV DB_PASSWORD=hunter2\n", {"docker-secret:3"}),
        ("FROM a:1\nUSER app\nENV TOKENS_PER_PAGE 7\n", {"docker-secret:3"}),
        ("FROM a:1\nUSER app\nARG API_TOKEN\n", set()),
        ("FROM a:1\nUSER app\nRUN sudo make\n", {"docker-sudo:3"}),
    ],
)
def test_dockerfiles(text: str, rules: set[str]) -> None:
    found = judge_text("Dockerfile", "dockerfile", text)
    places = {f"{f.id}:{f.location.partition(':')[2] or 0}" for f in found}
    assert places == rules
    assert "hunter2" not in str(found)


def resource(kind: str, **values: Any) -> str:
    return json.dumps({"resource": {kind: {"it": values}}})


PLAN = json.dumps(
    {
        "planned_values": {
            "root_module": {
                "child_modules": [
                    {
                        "resources": [
                            {"type": "aws_s3_bucket", "name": "b", "values": {"acl": "public-read"}}
                        ]
                    }
                ]
            }
        }
    }
)
EVERYTHING = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": ["*"]}})
ALL_BLOCKED = {
    f"{word}_public_{what}": True
    for word, what in (("block", "acls"), ("block", "policy"), ("ignore", "acls"))
} | {"restrict_public_buckets": True}


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (resource("aws_s3_bucket", acl="private"), set()),
        (resource("aws_s3_bucket", acl="public-read"), {"tf-public-bucket"}),
        (PLAN, {"tf-public-bucket"}),
        (resource("aws_s3_bucket_public_access_block", **ALL_BLOCKED), set()),
        (resource("aws_s3_bucket_public_access_block"), {"tf-public-access-allowed"}),
        (
            resource(
                "aws_security_group",
                ingress=[{"from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}],
            ),
            {"tf-open-ingress"},
        ),
        (
            resource(
                "aws_security_group",
                ingress={"from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]},
            ),
            set(),
        ),
        (
            resource(
                "aws_security_group_rule",
                type="ingress",
                from_port=0,
                to_port=65535,
                ipv6_cidr_blocks=["::/0"],
            ),
            {"tf-open-ingress"},
        ),
        (resource("aws_ebs_volume"), {"tf-unencrypted"}),
        (
            resource("aws_db_instance", storage_encrypted=True, publicly_accessible=True),
            {"tf-public-database"},
        ),
        (resource("aws_iam_policy", policy=EVERYTHING), {"tf-everything-allowed"}),
    ],
)
def test_terraform(text: str, rules: set[str]) -> None:
    assert {f.id for f in judge_text("main.tf.json", "terraform", text)} == rules


def test_which_rules_are_about_a_file() -> None:
    files = ["app/Dockerfile.dev", "Containerfile", "main.tf.json", "k8s/app.yml", "main.py"]
    assert [module_of(file) for file in files] == [
        "dockerfile",
        "dockerfile",
        "terraform",
        "kubernetes",
        "",
    ]


async def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s" / "app.yaml").write_text(deployment(image="shop"))
    (tmp_path / "main.py").write_text("kind: apiVersion")
    (tmp_path / "linked.yaml").symlink_to("/etc/passwd")
    target = Target(tmp_path, Bill(frozenset(), brings_system=False))
    report = await Infrastructure().run(target)
    assert report.status == "findings"
    (finding,) = report.findings
    assert finding.location == "/k8s/app.yaml"
    assert finding.summary.startswith("Deployment shop: container shop uses an image")
    assert finding.severity == 4.0


def test_what_cannot_be_read_makes_it_incomplete(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: [unclosed\n")
    (tmp_path / "b.tf.json").write_text("[]")
    (tmp_path / "Dockerfile").write_text("FROM a:1\n")
    report = judge_folder(tmp_path)
    assert report.status == "incomplete"
    assert "/a.yaml" in report.reason
    assert "/b.tf.json: it is no JSON object" in report.reason
    assert [finding.id for finding in report.findings] == ["docker-root-user"]


def test_rules_that_take_too_long_make_it_incomplete(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a:1\n")
    report = judge_folder(tmp_path, timeout=0.0)
    assert (report.status, report.findings) == ("incomplete", [])
    assert "did not answer" in report.reason
