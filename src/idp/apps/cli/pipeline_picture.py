"""The way of a release through the environments, as a picture in text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from idp.capabilities.environments.kinds import PromotionPipelineSpec

_PUSH = ("git push", "build → sbom → scan → sign → release")


def picture(
    pipelines: Mapping[str, PromotionPipelineSpec], running: Mapping[str, str] | None = None
) -> list[str]:
    """Lines, from the push to the last environment.

    Args:
        pipelines: Rules by environment.
        running: Version by environment, where one application is looked at.
    """
    lines = [_PUSH[0], f"│  {_PUSH[1]}", "▼"]
    for place, environment in enumerate(in_order(pipelines)):
        rules = pipelines[environment]
        if place:
            previous = rules.previous
            came = f"verified in {previous}" if previous else "takes every release: nothing before"
            lines += [f"│  {came}", "▼"]
        version = (running or {}).get(environment)
        lines.append(environment + (f"   runs {version}" if version else ""))
        lines += [f"│    {line}" for line in gates(rules)]
    return lines


def gates(rules: PromotionPipelineSpec) -> list[str]:
    """What a release meets in an environment, one line each."""
    approval, verification = rules.approval, rules.verification
    asked = "nobody approves"
    if approval.required:
        people = "person" if approval.required == 1 else "people"
        not_author = ", not author or initiator" if approval.exclude_author else ""
        asked = (
            f"{approval.required} {people} must approve{not_author}, "
            f"within {approval.deadline_hours} h"
        )
    asked += "".join(f"; {r.required} of {r.words}" for r in approval.requirements)
    return [
        "starts by itself" if rules.automatic else "is started by a person",
        "admit → scan → verdict: every signature and finding, by the SecurityProfile",
        f"approval: {asked}",
        *(f"gate {gate.name}: {'+'.join(gate.rules)}" for gate in rules.gates),
        f"commit → sync → confirm: every replica within {rules.rollout_deadline_seconds} s",
        f"verify: GET {verification.path} answers {verification.requests} times in a row within "
        f"{verification.deadline_seconds} s, else the commit is undone",
        "attest: signed as verified here",
    ]


def in_order(pipelines: Mapping[str, PromotionPipelineSpec]) -> Sequence[str]:
    """Environments, each after its previous one; those in a circle come last, as they are."""
    ordered: list[str] = []
    left = list(pipelines)
    while left:
        known = {*ordered, None} | ({p.previous for p in pipelines.values()} - set(pipelines))
        ready = [name for name in left if pipelines[name].previous in known]
        ordered += ready or left
        left = [name for name in left if name not in ordered]
    return ordered
