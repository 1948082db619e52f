"""Workloads on one machine: Deployment, ReplicaSet, Job and Pod become sandboxed processes.

Public: `engine.WorkloadEngine`, `pods.logs.PodLogs`, `images.registry.RegistryImages`,
`pods.orphans.stop_everything`.
"""
