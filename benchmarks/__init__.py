"""Measures the platform on this machine and compares it with its limits and with peers.

`python -m benchmarks` prints one table; `--write` puts it into `docs/reference/figures.md`. Each
module of `benchmarks.figures` measures one thing, is bounded in time, and stops what it started.
"""
