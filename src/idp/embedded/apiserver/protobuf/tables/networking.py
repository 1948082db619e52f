"""Messages of `networking.k8s.io`, `coordination.k8s.io` and `events.k8s.io`."""

from __future__ import annotations

MESSAGES = {
    "coordination.Lease": "1 metadata meta.ObjectMeta, 2 spec coordination.LeaseSpec",
    "coordination.LeaseSpec": (
        "1 holderIdentity *s, 2 leaseDurationSeconds *i, 3 acquireTime *U, 4 renewTime *U, "
        "5 leaseTransitions *i, 6 strategy *s, 7 preferredHolder *s"
    ),
    "events.Event": (
        "1 metadata meta.ObjectMeta, 2 eventTime U, 3 series *events.EventSeries, "
        "4 reportingController s, 5 reportingInstance s, 6 action s, 7 reason s, "
        "8 regarding core.ObjectReference, 9 related *core.ObjectReference, 10 note s, "
        "11 type s, 12 deprecatedSource core.EventSource, 13 deprecatedFirstTimestamp T, "
        "14 deprecatedLastTimestamp T, 15 deprecatedCount i"
    ),
    "events.EventSeries": "1 count i!, 2 lastObservedTime U",
    "networking.HTTPIngressPath": "1 path s, 2 backend networking.IngressBackend, 3 pathType *s",
    "networking.HTTPIngressRuleValue": "1 paths [networking.HTTPIngressPath",
    "networking.IPBlock": "1 cidr s, 2 except [s",
    "networking.Ingress": "1 metadata meta.ObjectMeta, 2 spec networking.IngressSpec, 3 status -",
    "networking.IngressBackend": (
        "3 resource *core.TypedLocalObjectReference, 4 service *networking.IngressServiceBackend"
    ),
    "networking.IngressRule": "1 host s, 2 networking.IngressRuleValue",
    "networking.IngressRuleValue": "1 http *networking.HTTPIngressRuleValue",
    "networking.IngressServiceBackend": "1 name s, 2 port networking.ServiceBackendPort",
    "networking.IngressSpec": (
        "1 defaultBackend *networking.IngressBackend, 2 tls [networking.IngressTLS, "
        "3 rules [networking.IngressRule, 4 ingressClassName *s"
    ),
    "networking.IngressTLS": "1 hosts [s, 2 secretName s",
    "networking.NetworkPolicy": "1 metadata meta.ObjectMeta, 2 spec networking.NetworkPolicySpec",
    "networking.NetworkPolicyEgressRule": (
        "1 ports [networking.NetworkPolicyPort, 2 to [networking.NetworkPolicyPeer"
    ),
    "networking.NetworkPolicyIngressRule": (
        "1 ports [networking.NetworkPolicyPort, 2 from [networking.NetworkPolicyPeer"
    ),
    "networking.NetworkPolicyPeer": (
        "1 podSelector *meta.LabelSelector, 2 namespaceSelector *meta.LabelSelector, "
        "3 ipBlock *networking.IPBlock"
    ),
    "networking.NetworkPolicyPort": "1 protocol *s, 2 port *I, 3 endPort *i",
    "networking.NetworkPolicySpec": (
        "1 podSelector meta.LabelSelector, 2 ingress [networking.NetworkPolicyIngressRule, "
        "3 egress [networking.NetworkPolicyEgressRule, 4 policyTypes [s"
    ),
    "networking.ServiceBackendPort": "1 name s, 2 number i",
}
