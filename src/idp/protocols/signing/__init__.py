"""Proof: keys, signatures (cosign), envelopes (DSSE) and statements (in-toto)."""
