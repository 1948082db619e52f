# Terraform in its JSON form (`*.tf.json`) and plans (`terraform show -json`): AWS and general rules,
# after CIS AWS Foundations 3.0. `input.resources`: objects with `type`, `name`, `values`.
package idp.iac.terraform

import rego.v1

finding(rule, severity, resource, words) := {
	"id": rule,
	"severity": severity,
	"summary": sprintf("%v.%v %v", [resource.type, resource.name, words]),
}

findings contains finding("tf-public-bucket", "high", resource, "may be read by everybody") if {
	some resource in input.resources
	resource.type in {"aws_s3_bucket", "aws_s3_bucket_acl"}
	resource.values.acl in {"public-read", "public-read-write", "authenticated-read"}
}

findings contains finding("tf-public-access-allowed", "medium", resource, sprintf("does not set %v", [name])) if {
	some resource in input.resources
	resource.type == "aws_s3_bucket_public_access_block"
	some name in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
	object.get(resource.values, name, false) != true
}

findings contains finding("tf-open-ingress", "high", resource, "lets the whole internet in") if {
	some resource in input.resources
	some rule in ingress(resource)
	some block in array.concat(list(object.get(rule, "cidr_blocks", [])), list(object.get(rule, "ipv6_cidr_blocks", [])))
	block in {"0.0.0.0/0", "::/0"}
	not only_web(rule)
}

ingress(resource) := list(object.get(resource.values, "ingress", [])) if resource.type == "aws_security_group"

ingress(resource) := [resource.values] if {
	resource.type == "aws_security_group_rule"
	resource.values.type == "ingress"
}

only_web(rule) if {
	rule.from_port == rule.to_port
	rule.from_port in {80, 443}
}

list(value) := value if is_array(value)

list(value) := [value] if not is_array(value)

findings contains finding("tf-unencrypted", "medium", resource, sprintf("is not encrypted: set %v", [name])) if {
	some resource in input.resources
	name := {
		"aws_db_instance": "storage_encrypted",
		"aws_rds_cluster": "storage_encrypted",
		"aws_ebs_volume": "encrypted",
		"aws_efs_file_system": "encrypted",
	}[resource.type]
	object.get(resource.values, name, false) != true
}

findings contains finding("tf-public-database", "high", resource, "can be reached from the internet") if {
	some resource in input.resources
	resource.type in {"aws_db_instance", "aws_rds_cluster_instance"}
	resource.values.publicly_accessible == true
}

findings contains finding("tf-everything-allowed", "high", resource, "allows every action on everything") if {
	some resource in input.resources
	resource.type in {"aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy"}
	policy := json.unmarshal(resource.values.policy)
	some statement in list(policy.Statement)
	statement.Effect == "Allow"
	"*" in list(statement.Action)
	"*" in list(statement.Resource)
}
