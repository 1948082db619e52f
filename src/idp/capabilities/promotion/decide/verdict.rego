# The rules of builtin.py as Rego. The input is `Case.facts()` with `now`; the answer is `rules`.
# A module of your own in `SecurityProfile.spec.rego` replaces this one; start from a copy.
package idp.verdict

import rego.v1

rules contains {
	"rule": 1, "effect": "deny", "subject": kind,
	"message": sprintf("there is no valid %s", [kind]),
	"change": "Build the commit again through the push pipeline.",
} if {
	present := {item.kind | some item in input.evidence}
	some kind in input.profile.evidence
	not kind in present
}

rules contains {
	"rule": 2, "effect": "deny", "subject": "scanners",
	"message": "no scanner reported",
	"change": "Make the scan step run its scanners.",
} if {
	count(input.reports) == 0
}

rules contains incomplete(name, "it did not report") if {
	reported := {report.name | some report in input.reports}
	some name, mode in input.profile.tools
	mode != "off"
	not name in reported
}

rules contains incomplete(report.name, reason) if {
	some report in judged
	not complete(report)
	reason := said(report)
}

rules contains {
	"rule": 4, "effect": input.profile.incomplete,
	"subject": sprintf("%s-stale", [report.name]),
	"message": sprintf(
		"what %s says is too old, or of unknown age: %s",
		[report.name, concat(", ", old)],
	),
	"change": sprintf(
		"Renew the %s of %s, then start the promotion again.",
		[concat(" and the ", old), report.name],
	),
} if {
	some report in judged
	complete(report)
	old := array.concat(old_report(report), old_advisories(report))
	count(old) > 0
}

rules contains {
	"rule": numbered(band), "effect": "deny", "subject": finding.id,
	"message": sprintf("%s found %s: %s blocks", [report.name, described(finding), band]),
	"change": sprintf(
		"Fix %s%s and push, or have an exception approved.",
		[finding.id, in_package(finding)],
	),
} if {
	some report in judged
	some finding in report.findings
	not excepted(report, finding)
	band := band_of(finding)
	input.profile.severity[band] == "deny"
}

rules contains object.union(
	{
		"rule": numbered(band), "effect": effect,
		"subject": sprintf("%s-%s", [report.name, band]),
		"message": sprintf("%s found %d %s: %s%s%s", [
			report.name, count(found), band,
			concat(", ", array.slice(found, 0, 5)), more(found), within(effect, band),
		]),
		"change": change_of(effect, report),
	},
	due(effect, band),
) if {
	some report in judged
	some band, effect in input.profile.severity
	effect != "deny"
	found := [finding.id |
		some finding in report.findings
		not excepted(report, finding)
		band_of(finding) == band
	]
	count(found) > 0
}

rules contains {
	"rule": 7, "effect": "record", "subject": finding.id,
	"message": sprintf(
		"%s found %s, which %s excepted until %s (%s)",
		[report.name, described(finding), first.approver, first.expires, first.name],
	),
} if {
	some report in judged
	some finding in report.findings
	used := [exception |
		some exception in input.exceptions
		covers(exception, report, finding)
		void(exception) == ""
	]
	count(used) > 0
	first := used[0]
}

rules contains {
	"rule": 8, "effect": "record", "subject": exception.name,
	"message": sprintf(
		"exception %s of %s does not count: %s",
		[exception.name, finding.id, void(exception)],
	),
} if {
	some report in judged
	some finding in report.findings
	not excepted(report, finding)
	some exception in input.exceptions
	covers(exception, report, finding)
	void(exception) != ""
}

rules contains {
	"rule": 9, "effect": "record", "subject": report.name,
	"message": sprintf(
		"%s is off here: its %d findings are not judged",
		[report.name, count(report.findings)],
	),
} if {
	some report in input.reports
	input.profile.tools[report.name] == "off"
	count(report.findings) > 0
}

judged := [report |
	some report in input.reports
	not input.profile.tools[report.name] == "off"
]

complete(report) if report.status in {"clean", "findings"}

said(report) := report.reason if report.reason != ""

said(report) := sprintf("its status is %s", [report.status]) if report.reason == ""

incomplete(name, reason) := {
	"rule": 3, "effect": input.profile.incomplete, "subject": name,
	"message": sprintf("scanner %s is incomplete: %s", [name, reason]),
	"change": sprintf("Make scanner %s complete, then start the promotion again.", [name]),
}

default fresh(_, _) := false

fresh(text, days) if {
	text != ""
	made := time.parse_rfc3339_ns(text)
	made + (((days * 24) * 3600) * 1000000000) > time.parse_rfc3339_ns(input.now)
}

old_report(report) := [] if fresh(report.made, input.profile.freshness.scansDays)

old_report(report) := ["report"] if not fresh(report.made, input.profile.freshness.scansDays)

old_advisories(report) := [] if report.advisories == ""

old_advisories(report) := [] if {
	report.advisories != ""
	fresh(report.advisories, input.profile.freshness.advisoriesDays)
}

old_advisories(report) := ["advisories"] if {
	report.advisories != ""
	not fresh(report.advisories, input.profile.freshness.advisoriesDays)
}

band_of(finding) := "unscored" if finding.severity == null

band_of(finding) := "critical" if {
	finding.severity != null
	finding.severity >= 9
}

band_of(finding) := "high" if {
	finding.severity != null
	finding.severity >= 7
	finding.severity < 9
}

band_of(finding) := "medium" if {
	finding.severity != null
	finding.severity >= 4
	finding.severity < 7
}

band_of(finding) := "low" if {
	finding.severity != null
	finding.severity < 4
}

numbered("unscored") := 6

numbered(band) := 5 if band != "unscored"

covers(exception, report, finding) if {
	exception.finding in array.concat([finding.id], finding.aliases)
	exception.application in {"", input.application}
	exception.scanner in {"", report.name}
	exception["package"] in {"", finding["package"]}
	exception.version in {"", finding.version}
}

excepted(report, finding) if {
	some exception in input.exceptions
	covers(exception, report, finding)
	void(exception) == ""
}

void(exception) := "nobody approved it yet" if exception.approver == ""

void(exception) := sprintf("%s is its author and its approver", [exception.author]) if {
	exception.approver != ""
	exception.approver == exception.author
}

void(exception) := "it has expired" if {
	approved(exception)
	expired(exception)
}

void(exception) := "" if {
	approved(exception)
	not expired(exception)
}

approved(exception) if {
	exception.approver != ""
	exception.approver != exception.author
}

expired(exception) if time.parse_rfc3339_ns(exception.expires) <= time.parse_rfc3339_ns(input.now)

in_package(finding) := "" if finding["package"] == ""

in_package(finding) := sprintf(" in %s", [finding["package"]]) if finding["package"] != ""

described(finding) := sprintf("%s%s without a score", [finding.id, in_package(finding)]) if {
	finding.severity == null
}

described(finding) := sprintf(
	"%s%s with severity %v",
	[finding.id, in_package(finding), finding.severity],
) if {
	finding.severity != null
}

more(found) := "" if count(found) <= 5

more(found) := sprintf(" and %d more", [count(found) - 5]) if count(found) > 5

within("track", band) := sprintf(", due within %d days", [input.profile.dueDays[band]])

within(effect, _) := "" if effect != "track"

change_of("record", _) := ""

change_of(effect, report) := sprintf("Fix what %s found and push.", [report.name]) if {
	effect != "record"
}

due("track", band) := {"dueDays": input.profile.dueDays[band]}

due(effect, _) := {} if effect != "track"
