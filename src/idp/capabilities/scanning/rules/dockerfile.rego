# CIS Docker Benchmark 1.6, section 4, as far as a Dockerfile shows it.
# `input.instructions`: objects with `name` (upper case), `text`, `line` and `stage`.
package idp.iac.dockerfile

import rego.v1

last_stage := max([instruction.stage | some instruction in input.instructions])

names := {instruction.alias | some instruction in input.instructions; instruction.alias != ""}

users := [instruction | some instruction in input.instructions; instruction.name == "USER"; instruction.stage == last_stage]

at(rule, severity, line, summary) := {"id": rule, "severity": severity, "summary": summary, "line": line}

findings contains at("docker-root-user", "medium", 0, "the image runs as root: no USER says otherwise") if {
	count(input.instructions) > 0
	count(users) == 0
}

findings contains at("docker-root-user", "medium", user.line, "the image runs as root") if {
	count(users) > 0
	user := users[count(users) - 1]
	split(user.text, ":")[0] in {"root", "0"}
}

findings contains at("docker-image-tag", "medium", from.line, "the base image has no fixed tag or digest") if {
	some from in input.instructions
	from.name == "FROM"
	not from.image == "scratch"
	not from.image in names
	not contains(from.image, "$")
	not contains(from.image, "@sha256:")
	last := split(from.image, "/")[count(split(from.image, "/")) - 1]
	not fixed_tag(last)
}

fixed_tag(name) if {
	contains(name, ":")
	not endswith(name, ":latest")
}

findings contains at("docker-remote-add", "medium", add.line, "ADD fetches from an address, unchecked: use --checksum or COPY") if {
	some add in input.instructions
	add.name == "ADD"
	regex.match(`https?://`, add.text)
	not contains(add.text, "--checksum=")
}

findings contains at("docker-piped-script", "high", run.line, "a script straight from the network is run") if {
	some run in input.instructions
	run.name == "RUN"
	regex.match(`(curl|wget)[^|;&]*\|\s*(sudo\s+)?(ba|z|da)?sh`, run.text)
}

findings contains at("docker-secret", "high", set.line, "a secret stands in the image's environment") if {
	some set in input.instructions
	set.name in {"ENV", "ARG"}
	regex.match(`(?i)(passw(or)?d|secret|token|api_?key|private_?key)\w*(=|\s+)\S`, set.text)
}

findings contains at("docker-sudo", "low", run.line, "sudo is used: USER says who runs a step") if {
	some run in input.instructions
	run.name == "RUN"
	regex.match(`(^|[;&|]\s*)sudo\s`, run.text)
}
