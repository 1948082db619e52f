"""What an instance trusts: the one place where its pins and its TrustPolicy come together.

Whoever checks a signature in the name of an instance asks here, so that a release that is admitted
is also imported, scanned again, shown as proved, and given the same level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from idp.capabilities.signing.kinds.trust_policy import TRUST_POLICY, TrustPolicy, TrustPolicySpec
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import VerificationFailed
from idp.kernel.trust import Keys, PinnedKey
from idp.protocols.signing.anchors import Anchors
from idp.protocols.signing.certificates import Identity


class InstanceTrust:
    """Reads anew each time: a key that is revoked, or a policy that changed, counts at once.

    Args:
        client: The instance's API, with the right to read its TrustPolicy.
        pinned: Environment -> its pinned keys.
        authorities: Pinned certificates (PEM) of the platform's own `certificates` and
            `timestamps`.
    """

    def __init__(
        self,
        client: Client,
        pinned: Keys,
        authorities: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._client = client
        self.pinned = pinned
        self.authorities = authorities

    async def policy(self) -> TrustPolicySpec:
        """The policy in force; one without rules when there is none.

        Raises:
            Invalid: The object breaks a rule: nothing is trusted until it is corrected.
        """
        manifest = await get_or_none(self._client, TrustPolicy.type(), TRUST_POLICY)
        return TrustPolicySpec() if manifest is None else TrustPolicy.parse(manifest).spec

    async def anchors(self, policy: TrustPolicySpec | None = None) -> Anchors:
        """All who are trusted.

        Args:
            policy: As `policy()` gave it, for who needs its rules as well; None reads it.

        Raises:
            Invalid: See `policy`.
            VerificationFailed: See `anchors`.
        """
        stated = await self.policy() if policy is None else policy
        return anchors(self.pinned, stated, self.authorities)

    async def anchors_of(self, environment: str) -> Anchors:
        """One environment alone, with all whose clock is trusted.

        Raises:
            Invalid: See `policy`.
            VerificationFailed: It has no pinned key; or see `anchors`.
        """
        self.require_pinned(environment)
        return (await self.anchors()).only(environment)

    def require_pinned(self, *environments: str) -> None:
        """Check that environments have pinned keys; a policy cannot give them any.

        Raises:
            VerificationFailed: One has none.
        """
        for environment in environments:
            if environment not in self.pinned:
                raise VerificationFailed(
                    f"this instance has pinned no key of {environment}",
                    remedy=f"Pin the public key of {environment} in this instance's configuration.",
                )


def anchors(
    pinned: Keys, policy: TrustPolicySpec, authorities: Mapping[str, Sequence[str]]
) -> Anchors:
    """What is trusted: the pinned environments, and those whom the policy adds. Pure.

    Args:
        pinned: Keys of the environments.
        policy: The policy.
        authorities: Pinned certificates of the platform's own `certificates` and `timestamps`.

    Raises:
        VerificationFailed: The policy names a signer as an environment is named, or a key and an
            identity alike: whose word a signature is would not be clear.
    """
    added: dict[str, list[PinnedKey]] = {}
    for key in policy.keys:
        pin = PinnedKey(key.public_key, key.not_before, key.not_after)
        added.setdefault(key.name, []).append(pin)
    names = [*added, *{identity.name for identity in policy.identities}, *pinned]
    clash = next((name for name in names if names.count(name) > 1), None)
    if clash is not None:
        raise VerificationFailed(
            f"the TrustPolicy gives {clash} as a signer, and something else is named so",
            remedy="Rename the signer in the TrustPolicy.",
        )
    return Anchors(
        {**pinned, **added},
        tuple(Identity(i.name, i.issuer, i.subject) for i in policy.identities),
        (*authorities.get("certificates", ()), *policy.certificate_authorities),
        (*authorities.get("timestamps", ()), *policy.timestamp_authorities),
    )
