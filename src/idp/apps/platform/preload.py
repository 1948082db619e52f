"""Imported once by the fork server, so that its forks share what all of them need.

Importing takes a second or two of processor time and most of a process's memory; each fork has it
for nothing. `gc.freeze` keeps the collector of a fork from touching, and thereby copying, it.
"""

from __future__ import annotations

import gc

gc.disable()  # what imports make stays: looking for rubbish in it is an eighth of the time

import jsonschema_rs  # noqa: E402, F401
import sqlalchemy.dialects.sqlite  # noqa: E402, F401

import idp.apps.hub.__main__  # noqa: E402
import idp.apps.instance.__main__  # noqa: E402
import idp.apps.instance.control_planes.embedded  # noqa: E402
import idp.embedded.apiserver.admission.policies  # noqa: E402, F401 - with cel, imported on first use

gc.collect()
gc.freeze()
gc.enable()
