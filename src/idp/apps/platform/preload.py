"""Imported once by the fork server, so that its forks share what all of them need.

Importing takes a second or two of processor time and most of a process's memory; each fork has it
for nothing. `gc.freeze` keeps the collector of a fork from touching, and thereby copying, it.
"""

from __future__ import annotations

import gc

import idp.apps.hub.__main__
import idp.apps.instance.__main__  # noqa: F401

gc.collect()
gc.freeze()
