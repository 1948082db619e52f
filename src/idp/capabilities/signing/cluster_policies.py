"""The trust policy as objects of admission controllers of clusters. Pure.

Three controllers can keep what is not vouched for from running, and none can do it alike:

- `ValidatingAdmissionPolicy` (built into Kubernetes) and Gatekeeper see no registry: they allow the
  images that the platform admitted, by digest, and have to be rendered anew after a promotion.
- Sigstore's policy-controller checks the signatures itself. It knows "one of these signers" within
  an object and "all" between objects, but no "two of three": that is refused by name.

What is about the release artifact (`release-signature`, `verified`) is not about an image; the
platform itself demands it, before it commits what runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.capabilities.signing.kinds import ThresholdRule, TrustPolicySpec
from idp.kernel.errors import Invalid
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING
from idp.kernel.trust import Keys, pinned_keys
from idp.protocols.signing.predicates import CYCLONEDX, SCAN, SLSA_PROVENANCE

CONSTRAINT_TEMPLATE = ResourceType(
    "templates.gatekeeper.sh", "v1", "ConstraintTemplate", "constrainttemplates", namespaced=False
)
CONSTRAINT = ResourceType(
    "constraints.gatekeeper.sh", "v1beta1", "IDPAdmittedImages", "idpadmittedimages", False
)
CLUSTER_IMAGE_POLICY = ResourceType(
    "policy.sigstore.dev", "v1beta1", "ClusterImagePolicy", "clusterimagepolicies", namespaced=False
)
NAME = "admitted-images.platform.idp"
_POD_LISTS = ("containers", "initContainers", "ephemeralContainers")
_ATTESTED = {"provenance": SLSA_PROVENANCE, "sbom": CYCLONEDX, "scan": SCAN}
_MESSAGE = "only images that the platform admitted may run, named by their digest"


@dataclass(frozen=True, slots=True)
class ClusterTrust:
    """What the objects are rendered from.

    Attributes:
        origin: The environment whose signature every image must have.
        keys: Pinned keys by environment.
        policy: What is demanded besides.
        images: Images that were admitted, by digest (`host/namespace/name@sha256:...`).
        registry: Host of the registry, with its port.
        certificate_authorities: PEM certificates of the platform's own authority.
        fulcio_url: Where that authority answers.
    """

    origin: str
    keys: Keys
    policy: TrustPolicySpec
    images: Sequence[str]
    registry: str
    certificate_authorities: Sequence[str] = ()
    fulcio_url: str = ""


def cluster_policies(trust: ClusterTrust) -> list[Manifest]:
    """All objects.

    Raises:
        Invalid: A rule cannot be said in the terms of policy-controller, or a signer is unknown.
    """
    return [*admission_policy(trust.images), *gatekeeper(trust.images), *image_policies(trust)]


def admission_policy(images: Sequence[str]) -> list[Manifest]:
    """A ValidatingAdmissionPolicy over pods, and its binding."""
    admitted = json.dumps(sorted(set(images)))
    clauses = [
        f"(!has(object.spec.{field}) || object.spec.{field}.all(container, "
        f"container.image in {admitted}))"
        for field in _POD_LISTS
    ]
    pods = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["pods", "pods/ephemeralcontainers"],
    }
    policy = render(
        VALIDATING_ADMISSION_POLICY,
        NAME,
        spec={
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [pods]},
            "validations": [
                {"expression": " && ".join(clauses), "message": _MESSAGE, "reason": "Forbidden"}
            ],
        },
    )
    binding = render(
        VALIDATING_ADMISSION_POLICY_BINDING,
        NAME,
        spec={"policyName": NAME, "validationActions": ["Deny"]},
    )
    return [policy, binding]


_REGO = """package idpadmittedimages

containers[container] { container := input.review.object.spec.containers[_] }
containers[container] { container := input.review.object.spec.initContainers[_] }
containers[container] { container := input.review.object.spec.ephemeralContainers[_] }

admitted(image) { image == input.parameters.images[_] }

violation[{"msg": message}] {
  container := containers[_]
  not admitted(container.image)
  message := sprintf("%v: %v", [container.image, input.parameters.message])
}
"""


def gatekeeper(images: Sequence[str]) -> list[Manifest]:
    """A ConstraintTemplate, and the constraint that puts it into force."""
    texts = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"images": texts, "message": {"type": "string"}}}
    template = render(
        CONSTRAINT_TEMPLATE,
        CONSTRAINT.kind.lower(),
        spec={
            "crd": {
                "spec": {
                    "names": {"kind": CONSTRAINT.kind},
                    "validation": {"openAPIV3Schema": schema},
                }
            },
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": _REGO}],
        },
    )
    constraint = render(
        CONSTRAINT,
        "admitted-images",
        spec={
            "enforcementAction": "deny",
            "match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]},
            "parameters": {"images": sorted(set(images)), "message": _MESSAGE},
        },
    )
    return [template, constraint]


def image_policies(trust: ClusterTrust) -> list[Manifest]:
    """ClusterImagePolicies: one for the environment that builds, and for each rule about images."""
    own = ThresholdRule(evidence="image-signature", threshold=1, signers=[trust.origin])
    rules = [own, *(rule for rule in trust.policy.rules if rule.evidence not in _OF_RELEASES)]
    return [
        _image_policy(
            trust, f"{trust.origin if number == 0 else 'rule'}-{number}-{part}", rule, who
        )
        for number, rule in enumerate(rules)
        for part, who in enumerate(_alternatives(trust.policy, rule))
    ]


_OF_RELEASES = ("release-signature", "verified")


def _alternatives(policy: TrustPolicySpec, rule: ThresholdRule) -> list[list[str]]:
    """Groups of signers, of each of which one must have signed."""
    able = policy.eligible(rule)
    if rule.threshold == 1:
        return [able]
    if rule.threshold == len(able):
        return [[name] for name in able]
    raise Invalid(
        f"policy-controller cannot demand {rule.threshold} of {len(able)} signers of "
        f"{rule.evidence}",
        remedy="Demand one or all of them for clusters with policy-controller; the platform's own "
        "admission counts in any case.",
    )


def _image_policy(
    trust: ClusterTrust, name: str, rule: ThresholdRule, signers: Sequence[str]
) -> Manifest:
    authorities = [body for signer in signers for body in _authorities(trust, signer)]
    if rule.evidence in _ATTESTED:
        attestation = {"name": rule.evidence, "predicateType": _ATTESTED[rule.evidence]}
        authorities = [{**body, "attestations": [attestation]} for body in authorities]
    return render(
        CLUSTER_IMAGE_POLICY,
        f"{name}.platform.idp",
        spec={
            "images": [{"glob": f"{trust.registry}/**"}],
            "mode": "enforce",
            "authorities": authorities,
        },
    )


def _authorities(trust: ClusterTrust, signer: str) -> list[dict[str, Any]]:
    keys = [key.public_key for key in pinned_keys(trust.keys, signer) if key.revoked is None]
    keys += [key.public_key for key in trust.policy.keys if key.name == signer]
    found: list[dict[str, Any]] = [
        {"name": f"{signer}-{number}", "key": {"data": pem, "hashAlgorithm": "sha256"}}
        for number, pem in enumerate(keys)
    ]
    for identity in trust.policy.identities:
        if identity.name == signer:
            found.append({"name": signer, "keyless": _keyless(trust, identity.model_dump())})
    if not found:
        raise Invalid(
            f"nobody knows a key or an identity of {signer}",
            remedy="Add it to `keys` or `identities` of the TrustPolicy.",
        )
    return found


def _keyless(trust: ClusterTrust, identity: Mapping[str, str]) -> dict[str, Any]:
    authorities = [*trust.certificate_authorities, *trust.policy.certificate_authorities]
    if not authorities or not trust.fulcio_url:
        raise Invalid(
            f"{identity['name']} signs in, and no certificate authority is pinned",
            remedy="Add it to `certificateAuthorities` of the TrustPolicy.",
        )
    pattern = ".*".join(map(_escaped, identity["subject"].split("*")))
    return {
        "url": trust.fulcio_url,
        "identities": [{"issuer": identity["issuer"], "subjectRegExp": f"^{pattern}$"}],
        "ca-cert": {"data": "".join(authorities)},
    }


def _escaped(text: str) -> str:
    """For Go's regular expressions, which know fewer escapes than ours."""
    return "".join(f"\\{one}" if one in r"\.+*?()|[]{}^$" else one for one in text)
