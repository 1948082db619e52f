"""What all kinds share (`meta/v1`)."""

from __future__ import annotations

MESSAGES = {
    "meta.DeleteOptions": (
        "1 gracePeriodSeconds *i, 2 preconditions *meta.Preconditions, 3 orphanDependents *b, "
        "4 propagationPolicy *s, 5 dryRun [s, "
        "6 ignoreStoreReadErrorWithClusterBreakingPotential *b"
    ),
    "meta.FieldSelectorRequirement": "1 key s, 2 operator s, 3 values [s",
    "meta.LabelSelector": "1 matchLabels {s, 2 matchExpressions [meta.LabelSelectorRequirement",
    "meta.LabelSelectorRequirement": "1 key s, 2 operator s, 3 values [s",
    "meta.ManagedFieldsEntry": (
        "1 manager s, 2 operation s, 3 apiVersion s, 4 time *T, 6 fieldsType s, 7 fieldsV1 *R, "
        "8 subresource s"
    ),
    "meta.ObjectMeta": (
        "1 name s, 2 generateName s, 3 namespace s, 4 selfLink s, 5 uid s, "
        "6 resourceVersion s, 7 generation i, 8 creationTimestamp T, 9 deletionTimestamp *T, "
        "10 deletionGracePeriodSeconds *i, 11 labels {s, 12 annotations {s, "
        "13 ownerReferences [meta.OwnerReference, 14 finalizers [s, "
        "17 managedFields [meta.ManagedFieldsEntry"
    ),
    "meta.OwnerReference": (
        "1 kind s, 3 name s, 4 uid s, 5 apiVersion s, 6 controller *b, 7 blockOwnerDeletion *b"
    ),
    "meta.Preconditions": "1 uid *s, 2 resourceVersion *s",
}
