# Pod Security Standards (https://kubernetes.io/docs/concepts/security/pod-security-standards/),
# levels baseline and restricted, and what operating pods teaches.
package idp.iac.kubernetes

import rego.v1

workloads := {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController"}

pod := input.document.spec if input.document.kind == "Pod"

pod := input.document.spec.template.spec if input.document.kind in workloads

pod := input.document.spec.jobTemplate.spec.template.spec if input.document.kind == "CronJob"

containers contains container if some container in pod.containers

containers contains container if some container in pod.initContainers

containers contains container if some container in pod.ephemeralContainers

finding(rule, severity, container, words) := {
	"id": rule,
	"severity": severity,
	"summary": sprintf("container %v %v", [object.get(container, "name", "?"), words]),
}

context_of(container) := object.get(container, "securityContext", {})

pod_context := object.get(pod, "securityContext", {})

findings contains finding("k8s-privileged", "critical", container, "runs privileged") if {
	some container in containers
	context_of(container).privileged == true
}

findings contains finding("k8s-privilege-escalation", "medium", container, "may gain privileges: set allowPrivilegeEscalation to false") if {
	some container in containers
	object.get(context_of(container), "allowPrivilegeEscalation", true) != false
}

findings contains finding("k8s-capabilities", "high", container, "adds capabilities beyond those of the baseline") if {
	some container in containers
	some added in context_of(container).capabilities.add
	not added in {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
}

findings contains finding("k8s-root", "medium", container, "may run as root: set runAsNonRoot") if {
	some container in containers
	object.get(context_of(container), "runAsNonRoot", object.get(pod_context, "runAsNonRoot", false)) != true
	object.get(context_of(container), "runAsUser", object.get(pod_context, "runAsUser", 0)) == 0
}

findings contains finding("k8s-writable-root", "low", container, "may write its root file system") if {
	some container in containers
	object.get(context_of(container), "readOnlyRootFilesystem", false) != true
}

findings contains finding("k8s-no-memory-limit", "medium", container, "has no memory limit") if {
	some container in containers
	not container.resources.limits.memory
}

findings contains finding("k8s-no-cpu-request", "low", container, "asks for no CPU") if {
	some container in containers
	not container.resources.requests.cpu
	not container.resources.limits.cpu
}

findings contains finding("k8s-image-tag", "medium", container, "uses an image without a fixed tag or digest") if {
	some container in containers
	not contains(container.image, "@sha256:")
	last := split(container.image, "/")[count(split(container.image, "/")) - 1]
	not fixed_tag(last)
}

fixed_tag(name) if {
	contains(name, ":")
	not endswith(name, ":latest")
}

findings contains finding("k8s-host-port", "medium", container, "takes a port of the host") if {
	some container in containers
	some port in container.ports
	port.hostPort > 0
}

findings contains {"id": "k8s-host-namespace", "severity": "high", "summary": sprintf("the pod shares %v with the host", [name])} if {
	some name in ["hostNetwork", "hostPID", "hostIPC"]
	pod[name] == true
}

findings contains {"id": "k8s-host-path", "severity": "high", "summary": sprintf("volume %v is the host's %v", [volume.name, volume.hostPath.path])} if {
	some volume in pod.volumes
	volume.hostPath
}

findings contains {"id": "k8s-role-everything", "severity": "high", "summary": "the role may do everything with everything"} if {
	input.document.kind in {"Role", "ClusterRole"}
	some rule in input.document.rules
	"*" in rule.verbs
	"*" in rule.resources
}

findings contains {"id": "k8s-binding-cluster-admin", "severity": "high", "summary": "the binding gives cluster-admin"} if {
	input.document.kind in {"RoleBinding", "ClusterRoleBinding"}
	input.document.roleRef.name == "cluster-admin"
}
