"""Who is asking and what they may do: certificates, tokens, impersonation and RBAC.

Pure over the read port `ports.ObjectLookup`: nothing here does I/O while it answers, except the
certificate folder and the token file, which are read when they are opened or change.
"""
