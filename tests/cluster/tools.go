//go:build tools

// Package cluster pins the real control plane that the differential suite compares with.
package cluster

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
