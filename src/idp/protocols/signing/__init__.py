"""Proof: signatures and attestations about artifacts in an OCI registry.

Formats are those of the field, so that other tools can check what the platform says: cosign's
encrypted keys and image signatures, DSSE envelopes, in-toto statements, Sigstore bundles. Trust is
by pinned public keys; certificates and transparency logs play no part.
"""
