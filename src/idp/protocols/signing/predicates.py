"""Types of statements: what an attestation says about its subject."""

SLSA_PROVENANCE = "https://slsa.dev/provenance/v1"
"""How, from what and by whom it was built (SLSA 1.0 provenance)."""

CYCLONEDX = "https://cyclonedx.org/bom"
"""What it is made of: a CycloneDX document."""

SCAN = "https://platform.idp/attestations/scan/v1"
"""What scanners found: `scanners` (each with `name`, `version`, `status`, `reason`, `findings`,
`database`), `time`, `policy`."""

VERIFIED = "https://platform.idp/attestations/verified/v1"
"""That a release ran and was checked in an environment: `environment`, `release`, `releaseDigest`,
`image`, `promotion`, `time`, `checks`."""

VSA = "https://slsa.dev/verification_summary/v1"
"""That an environment verified an image, by which rules, and the SLSA level that it reaches (SLSA
1.0 verification summary; see `summary`)."""

COSIGN_SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
"""Nothing but that the subject is signed: cosign's signature in the form of a statement."""
