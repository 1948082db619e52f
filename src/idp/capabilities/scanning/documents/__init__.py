"""Findings in the formats of others: OpenVEX, CycloneDX VEX, SARIF. Pure."""
