"""What people do about access with the real kubectl."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from pathlib import Path

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from idp.embedded.apiserver.kubeconfig import write_kubeconfig
from idp.embedded.apiserver.server import ApiServer
from idp.kernel.kubeconfig import ConnectionSettings, kubeconfig_text
from support.kubectl import KUBECTL, Failed, Run, kubectl_with

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on this machine")


@pytest.fixture
def kubectl(kubeconfig: Path, tmp_path: Path) -> Run:
    return kubectl_with(kubeconfig, tmp_path)


@pytest.fixture
def bob(server: ApiServer, tmp_path: Path) -> Run:
    """kubectl of a user without rights, until they are given some."""
    path = tmp_path / "bob"
    server.kubeconfig("bob", ["devs"], path)
    return kubectl_with(path, tmp_path)


def signing_request(
    user: str, *groups: str, signer: str = "kubernetes.io/kube-apiserver-client", **spec: object
) -> tuple[str, str]:
    """A CertificateSigningRequest of the same name as the user, and the private key (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    names.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    pem = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    manifest = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": user},
        "spec": {
            "request": base64.b64encode(pem).decode(),
            "signerName": signer,
            "usages": ["client auth"],
            **spec,
        },
    }
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return json.dumps(manifest), private.decode()


async def certificate_of(kubectl: Run, name: str) -> str:
    await kubectl("wait", "csr", name, "--for=jsonpath={.status.certificate}", "--timeout=20s")
    encoded = await kubectl("get", "csr", name, "-o", "jsonpath={.status.certificate}")
    return base64.b64decode(encoded).decode()


async def test_a_person_gets_a_certificate_by_request(
    server: ApiServer, kubectl: Run, tmp_path: Path
) -> None:
    manifest, key = signing_request("jane", "devs", expirationSeconds=7200)
    await kubectl("create", "-f", "-", stdin=manifest)
    assert re.search(r"jane .*kube-apiserver-client +admin .*Pending", await kubectl("get", "csr"))
    assert "approved" in await kubectl("certificate", "approve", "jane")
    certificate = await certificate_of(kubectl, "jane")
    assert re.search(r"Approved,Issued", await kubectl("get", "csr", "jane"))
    path = tmp_path / "jane"
    connection = ConnectionSettings(
        server.url,
        certificate_authority=server.certificate,
        client_certificate=certificate,
        client_key=key,
    )
    write_kubeconfig(path, kubeconfig_text(connection, user="jane", name="x"))
    said = await kubectl_with(path, tmp_path)("auth", "whoami")
    assert re.search(r"Username +jane", said)
    assert re.search(r"Groups +\[devs system:authenticated\]", said)
    parsed = x509.load_pem_x509_certificate(certificate.encode())
    lifetime = parsed.not_valid_after_utc - parsed.not_valid_before_utc
    assert 7200 <= lifetime.total_seconds() <= 7200 + 600
    usage = parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


async def test_approving_takes_the_right_to_it_for_that_signer(kubectl: Run, bob: Run) -> None:
    manifest, _ = signing_request("jane")
    await kubectl("create", "-f", "-", stdin=manifest)
    role = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: approver}
rules:
- {apiGroups: [GROUP], resources: [certificatesigningrequests], verbs: [get, create]}
- {apiGroups: [GROUP], resources: [certificatesigningrequests/approval], verbs: [update]}
- {apiGroups: [GROUP], resources: [signers], verbs: [approve], resourceNames: [SIGNER]}
""".replace("GROUP", "certificates.k8s.io")
    await kubectl("create", "clusterrolebinding", "b", "--clusterrole=approver", "--user=bob")
    await kubectl("apply", "-f", "-", stdin=role.replace("SIGNER", "example.com/other"))
    with pytest.raises(Failed, match="user not permitted to approve requests with signerName"):
        await bob("certificate", "approve", "jane")
    await kubectl("apply", "-f", "-", stdin=role.replace("SIGNER", "kubernetes.io/*"))
    # Whoever asks cannot say that they are somebody else.
    mine, _ = signing_request("mine", username="system:admin", groups=["system:masters"])
    await bob("create", "-f", "-", stdin=mine)
    spec = json.loads(await kubectl("get", "csr", "mine", "-o", "json"))["spec"]
    assert (spec["username"], spec["groups"]) == ("bob", ["devs", "system:authenticated"])
    await bob("certificate", "approve", "jane")
    assert "BEGIN CERTIFICATE" in await certificate_of(kubectl, "jane")


async def test_a_denied_request_gets_no_certificate(kubectl: Run) -> None:
    await kubectl("create", "-f", "-", stdin=signing_request("jane")[0])
    assert "denied" in await kubectl("certificate", "deny", "jane")
    with pytest.raises(Failed, match="already Denied"):
        await kubectl("certificate", "approve", "jane")
    assert re.search(r"jane .*Denied", await kubectl("get", "csr"))


async def test_requests_that_are_refused(kubectl: Run) -> None:
    masters, _ = signing_request("jane", "system:masters")
    with pytest.raises(Failed, match="signer with system:masters group is not allowed"):
        await kubectl("create", "-f", "-", stdin=masters)
    for spec, message in (
        ({"request": "bm8="}, "PEM block type must be CERTIFICATE REQUEST"),
        ({"usages": ["nonsense"]}, 'Unsupported value: "nonsense"'),
        ({"signer": "nosigner"}, "must be a fully qualified domain and path"),
        ({"expirationSeconds": 10}, "may not specify a duration less than 600 seconds"),
    ):
        with pytest.raises(Failed, match=message):
            await kubectl("create", "-f", "-", stdin=signing_request("jane", **spec)[0])


async def test_kubelets_get_no_certificates(kubectl: Run) -> None:
    manifest, _ = signing_request("k", "system:nodes", signer="kubernetes.io/kubelet-serving")
    await kubectl("create", "-f", "-", stdin=manifest)
    await kubectl("certificate", "approve", "k")
    await kubectl("wait", "csr", "k", "--for=condition=Failed", "--timeout=20s")
    said = await kubectl("get", "csr", "k", "-o", "jsonpath={.status.conditions[1].message}")
    assert said == "this server has no nodes: it signs no certificates of kubelets"


async def test_tokens_of_service_accounts(server: ApiServer, kubectl: Run) -> None:
    await kubectl("create", "serviceaccount", "robot")
    with pytest.raises(Failed, match='serviceaccount "nobody" not found'):
        await kubectl("run", "p", "--image=x", "--overrides", account("nobody"))
    await kubectl("run", "p", "--image=x", "--overrides", account("robot"))
    bound = ("--bound-object-kind", "Pod", "--bound-object-name", "p")
    token = (await kubectl("create", "token", "robot", *bound)).strip()
    with pytest.raises(Failed, match="pod running with different serviceaccount name"):
        await kubectl("create", "token", "default", *bound)
    said = await kubectl("auth", "whoami", "--token", token, "--kubeconfig=/dev/null", *to(server))
    assert re.search(r"Username +system:serviceaccount:default:robot", said)
    assert re.search(r"pod-name +\[p\]", said)
    await kubectl("delete", "pod", "p")
    with pytest.raises(Failed, match=r"must be logged in|Unauthorized"):
        await kubectl("auth", "whoami", "--token", token, "--kubeconfig=/dev/null", *to(server))


async def test_others_verify_our_tokens_by_what_is_published(
    server: ApiServer, kubectl: Run
) -> None:
    discovery = json.loads(await kubectl("get", "--raw", "/.well-known/openid-configuration"))
    keys_path = discovery["jwks_uri"].removeprefix(server.url)
    keys = jwt.PyJWKSet.from_dict(json.loads(await kubectl("get", "--raw", keys_path)))
    token = (await kubectl("create", "token", "default", "--audience", "vault")).strip()
    (key,) = keys.keys
    claims = jwt.decode(token, key, audience="vault", issuer=discovery["issuer"])
    assert claims["sub"] == "system:serviceaccount:default:default"
    with pytest.raises(Failed, match=r"must be logged in|Unauthorized"):
        await kubectl("auth", "whoami", "--token", token, "--kubeconfig=/dev/null", *to(server))


async def test_what_somebody_may_do(kubectl: Run, bob: Run) -> None:
    await kubectl("create", "role", "r", "--verb=get,list", "--resource=pods")
    await kubectl("create", "rolebinding", "b", "--role=r", "--group=devs")
    assert re.search(r"pods +\[\] +\[\] +\[get list\]", await bob("auth", "can-i", "--list"))
    with pytest.raises(Failed, match='cannot impersonate resource "users"'):
        await bob("get", "pods", "--as=admin")
    said = await kubectl("auth", "whoami", "--as=eve", "--as-uid=7", "--as-group=g", "-o", "json")
    assert json.loads(said)["status"]["userInfo"] == {
        "username": "eve",
        "uid": "7",
        "groups": ["g", "system:authenticated"],
    }


def account(name: str) -> str:
    return json.dumps({"spec": {"serviceAccountName": name}})


def to(server: ApiServer) -> tuple[str, ...]:
    return ("--server", server.url, "--insecure-skip-tls-verify")


async def test_a_full_namespace_refuses_and_says_why(kubectl: Run) -> None:
    await kubectl("create", "quota", "small", "--hard=configmaps=3,count/deployments.apps=0,pods=1")
    # kube-root-ca.crt is there from the start.
    made = await asyncio.gather(
        *(kubectl("create", "configmap", f"c{n}") for n in range(4)), return_exceptions=True
    )
    refused = [error for error in made if isinstance(error, Failed)]
    assert len(refused) == 2
    assert "exceeded quota: small, requested: configmaps=1, used: configmaps=3, limited: " in str(
        refused[0]
    )
    with pytest.raises(Failed, match=r'deployments\.apps "d" is forbidden: exceeded quota: small'):
        await kubectl("create", "deployment", "d", "--image=x")
    described = await kubectl("describe", "quota", "small")
    assert re.search(r"configmaps +3 +3", described)
    await kubectl("delete", "configmap", "--all")


async def test_limits_are_set_and_enforced(kubectl: Run) -> None:
    limits = """
apiVersion: v1
kind: LimitRange
metadata: {name: l}
spec:
  limits:
  - {type: Container, default: {cpu: 200m}, defaultRequest: {cpu: 100m}, max: {cpu: "1"}}
"""
    await kubectl("create", "-f", "-", stdin=limits)
    await kubectl("run", "p", "--image=x")
    shown = json.loads(await kubectl("get", "pod", "p", "-o", "json"))
    resources = shown["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"cpu": "200m"}, "requests": {"cpu": "100m"}}
    assert shown["status"]["qosClass"] == "Burstable"
    big = json.dumps(
        {"spec": {"containers": [{"name": "q", "image": "x", "resources": {"limits": {"cpu": 3}}}]}}
    )
    with pytest.raises(Failed, match="maximum cpu usage per Container is 1, but limit is 3"):
        await kubectl("run", "q", "--image=x", "--overrides", big)


async def test_priorities(kubectl: Run) -> None:
    await kubectl("create", "priorityclass", "high", "--value=1000", "--global-default")
    with pytest.raises(Failed, match="Only one default can exist"):
        await kubectl("create", "priorityclass", "other", "--value=1", "--global-default")
    with pytest.raises(Failed, match="this is a system priority class and cannot be deleted"):
        await kubectl("delete", "priorityclass", "system-node-critical")
    await kubectl("run", "p", "--image=x")
    fields = "jsonpath={.spec.priority} {.spec.priorityClassName} {.spec.preemptionPolicy}"
    assert await kubectl("get", "pod", "p", "-o", fields) == "1000 high PreemptLowerPriority"
