"""Proof: signatures and attestations about artifacts in an OCI registry.

Formats are those of the field, so that other tools can check what the platform says: cosign's
encrypted keys and image signatures, DSSE envelopes, in-toto statements, Sigstore bundles, RFC 3161
time stamps, SLSA verification summaries, and transparency logs with signed checkpoints. What a
verifier trusts are its `anchors`: keys that it pinned, each in its own time, and identities that a
pinned authority certified.
"""
