"""CEL as Kubernetes speaks it: its function libraries, and validation rules in schemas.

The language itself is the library `common-expression-language` (the Rust `cel` crate). What it
lacks against the environment of a real API server is bridged in two places: `syntax` rewrites what
its parser does not know, `functions` adds what its function library does not have.
"""
