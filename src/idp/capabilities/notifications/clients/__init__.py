"""The two ways out: HTTP and SMTP, both behind one guard of addresses."""
