"""Request bodies in Kubernetes' protobuf format, as manifests.

kubectl 1.32 and later, and Go programs, send the built-in kinds this way. Only requests: every
answer is JSON, which all of them read.
"""
