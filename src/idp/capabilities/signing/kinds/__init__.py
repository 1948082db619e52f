"""`TrustPolicy`, and what an instance trusts by it."""

from __future__ import annotations

from idp.capabilities.signing.kinds.trust import InstanceTrust, anchors
from idp.capabilities.signing.kinds.trust_policy import (
    TRUST_POLICY,
    SignerGroup,
    ThresholdRule,
    TrustedIdentity,
    TrustedKey,
    TrustPolicy,
    TrustPolicySpec,
)

__all__ = [
    "TRUST_POLICY",
    "InstanceTrust",
    "SignerGroup",
    "ThresholdRule",
    "TrustPolicy",
    "TrustPolicySpec",
    "TrustedIdentity",
    "TrustedKey",
    "anchors",
]
