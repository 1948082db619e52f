"""A ComplianceReport as one HTML page, to read, print and hand on. Pure.

Self-contained: no script, no font, no picture from elsewhere. Every state is a word, not a colour
only; tables have headings for screen readers; links lead to the record that proves a statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby

from idp.capabilities.compliance.catalogue import Control, Framework
from idp.capabilities.compliance.kinds import (
    ComplianceReportStatus,
    ControlResult,
    EvidenceResult,
    RecordReference,
    State,
)
from idp.kernel.clock import timestamp

STATES: dict[State, str] = {
    "met": "Met",
    "partly": "Partly",
    "notMet": "Not met",
    "noEvidence": "No evidence",
    "notApplicable": "Not applicable",
}
NOTICE = (
    "This report is evidence, not certification. It tells what one platform instance records and "
    "what follows from it. Whether a control is fulfilled is for an auditor to judge, who also "
    "looks at what no platform sees."
)
OUTSIDE = "The platform records nothing of it: show it by other means."

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem}
h1{line-height:1.2}h2{margin-top:2.5rem;break-after:avoid}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #8886}
caption{text-align:left;font-weight:600;padding:.4rem 0}
code{font-size:.85em;overflow-wrap:anywhere}
a:focus-visible{outline:3px solid}
.notice{border-left:.3rem solid;padding:.2rem 1rem}
.state{font-weight:600;white-space:nowrap}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem}
tr{break-inside:avoid}
@media print{body{max-width:none;font-size:10pt}.skip{display:none}
a{color:inherit}td a[href]::after{content:" " attr(href);font-size:.75em;overflow-wrap:anywhere}
td a[href^="#"]::after{content:""}}
"""


def page(framework: Framework, status: ComplianceReportStatus, address: str) -> str:
    """The page.

    Args:
        framework: Whose controls are told.
        status: What was found.
        address: Of the hub, without a trailing slash; records are linked from there.
    """
    when = timestamp(status.evaluated_at) if status.evaluated_at else "never"
    title = f"{framework.title}: {status.environment}"
    results = {result.id: result for result in status.controls}
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            '<a class="skip" href="#controls">To the controls</a>',
            f"<header><h1>{escape(title)}</h1>",
            f"<p>Evaluated {escape(when)}. Digest <code>{escape(status.digest)}</code>.</p>",
            f'<p class="notice">{escape(NOTICE)}</p></header><main>',
            _summary(status),
            '<h2 id="controls">Controls</h2>',
            *_groups(framework, results),
            '<h2 id="evidence">Evidence</h2>',
            *(_evidence(result, address) for result in status.evidence),
            f"</main><footer><p>Control identifiers are those of "
            f'<a href="{escape(framework.source)}">the publisher</a>; the words are not.</p>'
            "</footer></body></html>",
            "",
        ]
    )


def _summary(status: ComplianceReportStatus) -> str:
    counts = status.counts.model_dump(by_alias=True)
    rows = "".join(
        f'<tr><th scope="row">{word}</th><td>{counts[state]}</td></tr>'
        for state, word in STATES.items()
    )
    return f"<table><caption>{len(status.controls)} controls</caption>{rows}</table>"


def _groups(framework: Framework, results: Mapping[str, ControlResult]) -> Iterable[str]:
    for name, controls in groupby(framework.controls, key=lambda control: control.group):
        rows = "".join(
            _row(control, results[control.id]) for control in controls if control.id in results
        )
        heads = "".join(
            f'<th scope="col">{head}</th>' for head in ("Control", "State", "Stands on", "Gap")
        )
        caption = f"<caption>{escape(name)}</caption>"
        yield f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _row(control: Control, result: ControlResult) -> str:
    gap = result.gap or (OUTSIDE if result.state == "noEvidence" else "")
    told = escape(gap) + (f"<br>{escape(result.remedy)}" if result.remedy else "")
    links = ", ".join(f'<a href="#{escape(n)}">{escape(n)}</a>' for n in result.evidence)
    return (
        f'<tr id="{escape(control.id)}"><th scope="row">{escape(control.id)}<br>'
        f"{escape(control.title)}</th>"
        f'<td class="state">{STATES[result.state]}</td><td>{links}</td><td>{told}</td></tr>'
    )


def _evidence(result: EvidenceResult, address: str) -> str:
    records = "".join(f"<li>{_record(record, address)}</li>" for record in result.records)
    more = result.total - len(result.records)
    rest = f"<p>and {more} more</p>" if more > 0 else ""
    remedy = f"<p>{escape(result.remedy)}</p>" if result.remedy else ""
    return (
        f'<section aria-labelledby="{escape(result.name)}">'
        f'<h3 id="{escape(result.name)}">{escape(result.title)}</h3>'
        f'<p><span class="state">{STATES[result.state]}</span>: {escape(result.message)}</p>'
        f"{remedy}<p>Digest <code>{escape(result.digest)}</code></p><ul>{records}</ul>{rest}"
        "</section>"
    )


def _record(record: RecordReference, address: str) -> str:
    digest = f" <code>{escape(record.digest)}</code>" if record.digest else ""
    link = escape(f"{address}{record.path}")
    return f'{escape(record.kind)}: <a href="{link}">{escape(record.name)}</a>{digest}'
