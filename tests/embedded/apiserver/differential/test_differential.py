"""The same requests to this server and to a real one: the same answers.

`recorded/` holds the answers of kube-apiserver v1.36. With etcd and kube-apiserver at hand
(`support.real_control_plane` says where they are looked for), `IDP_REAL_API=live` asks the real
server in the same run, and `IDP_REAL_API=record` also keeps its answers; `tests/cluster/README.md`
has the commands.

Answers are normalised (`support.differential.normalise`). Where this server answers otherwise on
purpose, `differs` in the case says why; status and reason are equal even then.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import pytest

from support.differential import servers
from support.differential.exchange import Case, judged
from support.real_control_plane import find_binaries

_REAL = os.environ.get("IDP_REAL_API", "recorded")


@lru_cache(maxsize=1)
def embedded(area: str) -> servers.Answers:
    """Asked once for all cases of an area."""
    return servers.embedded_answers(area)


@lru_cache(maxsize=1)
def real(area: str) -> servers.Answers:
    """The recording, or the answers of a server that is started for it."""
    if _REAL == "recorded":
        return servers.recorded(area)
    binaries = find_binaries()
    assert binaries is not None, "set KUBEBUILDER_ASSETS to the folder of etcd and kube-apiserver"
    answers = servers.real_answers(area, binaries)
    if _REAL == "record":
        servers.record(area, answers)
    return answers


def every() -> list[Any]:
    return [
        pytest.param(area, case, id=f"{area}: {case['case']}")
        for area in servers.AREAS
        for case in servers.cases(area)
    ]


@pytest.mark.parametrize(("area", "case"), every())
def test_answers_are_those_of_the_real_server(area: str, case: Case) -> None:
    ours, theirs = embedded(area)[case["case"]], real(area)[case["case"]]
    assert len(ours) == len(theirs), "record the answers again"
    for step, our, their in zip(case["steps"], ours, theirs, strict=True):
        assert judged(our, step) == judged(their, step), step["do"]
        if "differs" in step:
            assert our != their, f"{step['do']}: differs no more"
