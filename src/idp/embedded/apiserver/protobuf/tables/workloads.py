"""Messages of `apps`, `batch`, `policy`, `autoscaling` and `scheduling.k8s.io`."""

from __future__ import annotations

MESSAGES = {
    "apps.DaemonSet": "1 metadata meta.ObjectMeta, 2 spec apps.DaemonSetSpec, 3 status -",
    "apps.DaemonSetSpec": (
        "1 selector *meta.LabelSelector, 2 template core.PodTemplateSpec, "
        "3 updateStrategy apps.DaemonSetUpdateStrategy, 4 minReadySeconds i, "
        "6 revisionHistoryLimit *i"
    ),
    "apps.DaemonSetUpdateStrategy": "1 type s, 2 rollingUpdate *apps.RollingUpdateDaemonSet",
    "apps.Deployment": "1 metadata meta.ObjectMeta, 2 spec apps.DeploymentSpec, 3 status -",
    "apps.DeploymentSpec": (
        "1 replicas *i, 2 selector *meta.LabelSelector, 3 template core.PodTemplateSpec, "
        "4 strategy apps.DeploymentStrategy, 5 minReadySeconds i, 6 revisionHistoryLimit *i, "
        "7 paused b, 9 progressDeadlineSeconds *i"
    ),
    "apps.DeploymentStrategy": "1 type s, 2 rollingUpdate *apps.RollingUpdateDeployment",
    "apps.ReplicaSet": "1 metadata meta.ObjectMeta, 2 spec apps.ReplicaSetSpec, 3 status -",
    "apps.ReplicaSetSpec": (
        "1 replicas *i, 2 selector *meta.LabelSelector, 3 template core.PodTemplateSpec, "
        "4 minReadySeconds i"
    ),
    "apps.RollingUpdateDaemonSet": "1 maxUnavailable *I, 2 maxSurge *I",
    "apps.RollingUpdateDeployment": "1 maxUnavailable *I, 2 maxSurge *I",
    "apps.RollingUpdateStatefulSetStrategy": "1 partition *i, 2 maxUnavailable *I",
    "apps.StatefulSet": "1 metadata meta.ObjectMeta, 2 spec apps.StatefulSetSpec, 3 status -",
    "apps.StatefulSetOrdinals": "1 start i!",
    "apps.StatefulSetPersistentVolumeClaimRetentionPolicy": "1 whenDeleted s, 2 whenScaled s",
    "apps.StatefulSetSpec": (
        "1 replicas *i, 2 selector *meta.LabelSelector, 3 template core.PodTemplateSpec, "
        "4 volumeClaimTemplates [core.PersistentVolumeClaim, 5 serviceName s, "
        "6 podManagementPolicy s, 7 updateStrategy apps.StatefulSetUpdateStrategy, "
        "8 revisionHistoryLimit *i, 9 minReadySeconds i, "
        "10 persistentVolumeClaimRetentionPolicy "
        "*apps.StatefulSetPersistentVolumeClaimRetentionPolicy, "
        "11 ordinals *apps.StatefulSetOrdinals"
    ),
    "apps.StatefulSetUpdateStrategy": (
        "1 type s, 2 rollingUpdate *apps.RollingUpdateStatefulSetStrategy"
    ),
    "autoscaling.Scale": (
        "1 metadata meta.ObjectMeta, 2 spec autoscaling.ScaleSpec, 3 status autoscaling.ScaleStatus"
    ),
    "autoscaling.ScaleSpec": "1 replicas i",
    "autoscaling.ScaleStatus": "1 replicas i!, 2 selector s",
    "autoscalingv2.ContainerResourceMetricSource": (
        "1 name s, 2 target autoscalingv2.MetricTarget, 3 container s"
    ),
    "autoscalingv2.CrossVersionObjectReference": "1 kind s, 2 name s, 3 apiVersion s",
    "autoscalingv2.ExternalMetricSource": (
        "1 metric autoscalingv2.MetricIdentifier, 2 target autoscalingv2.MetricTarget"
    ),
    "autoscalingv2.HPAScalingPolicy": "1 type s, 2 value i!, 3 periodSeconds i!",
    "autoscalingv2.HPAScalingRules": (
        "1 selectPolicy *s, 2 policies [autoscalingv2.HPAScalingPolicy, "
        "3 stabilizationWindowSeconds *i, 4 tolerance *Q"
    ),
    "autoscalingv2.HorizontalPodAutoscaler": (
        "1 metadata meta.ObjectMeta, 2 spec autoscalingv2.HorizontalPodAutoscalerSpec, 3 status -"
    ),
    "autoscalingv2.HorizontalPodAutoscalerBehavior": (
        "1 scaleUp *autoscalingv2.HPAScalingRules, 2 scaleDown *autoscalingv2.HPAScalingRules"
    ),
    "autoscalingv2.HorizontalPodAutoscalerSpec": (
        "1 scaleTargetRef autoscalingv2.CrossVersionObjectReference, 2 minReplicas *i, "
        "3 maxReplicas i!, 4 metrics [autoscalingv2.MetricSpec, "
        "5 behavior *autoscalingv2.HorizontalPodAutoscalerBehavior"
    ),
    "autoscalingv2.MetricIdentifier": "1 name s, 2 selector *meta.LabelSelector",
    "autoscalingv2.MetricSpec": (
        "1 type s, 2 object *autoscalingv2.ObjectMetricSource, "
        "3 pods *autoscalingv2.PodsMetricSource, "
        "4 resource *autoscalingv2.ResourceMetricSource, "
        "5 external *autoscalingv2.ExternalMetricSource, "
        "7 containerResource *autoscalingv2.ContainerResourceMetricSource"
    ),
    "autoscalingv2.MetricTarget": (
        "1 type s, 2 value *Q, 3 averageValue *Q, 4 averageUtilization *i"
    ),
    "autoscalingv2.ObjectMetricSource": (
        "1 describedObject autoscalingv2.CrossVersionObjectReference, "
        "2 target autoscalingv2.MetricTarget, 3 metric autoscalingv2.MetricIdentifier"
    ),
    "autoscalingv2.PodsMetricSource": (
        "1 metric autoscalingv2.MetricIdentifier, 2 target autoscalingv2.MetricTarget"
    ),
    "autoscalingv2.ResourceMetricSource": "1 name s, 2 target autoscalingv2.MetricTarget",
    "batch.CronJob": "1 metadata meta.ObjectMeta, 2 spec batch.CronJobSpec, 3 status -",
    "batch.CronJobSpec": (
        "1 schedule s, 2 startingDeadlineSeconds *i, 3 concurrencyPolicy s, 4 suspend *b, "
        "5 jobTemplate batch.JobTemplateSpec, 6 successfulJobsHistoryLimit *i, "
        "7 failedJobsHistoryLimit *i, 8 timeZone *s"
    ),
    "batch.Job": "1 metadata meta.ObjectMeta, 2 spec batch.JobSpec, 3 status -",
    "batch.JobSpec": (
        "1 parallelism *i, 2 completions *i, 3 activeDeadlineSeconds *i, "
        "4 selector *meta.LabelSelector, 5 manualSelector *b, 6 template core.PodTemplateSpec, "
        "7 backoffLimit *i, 8 ttlSecondsAfterFinished *i, 9 completionMode *s, 10 suspend *b, "
        "11 podFailurePolicy *batch.PodFailurePolicy, 12 backoffLimitPerIndex *i, "
        "13 maxFailedIndexes *i, 14 podReplacementPolicy *s, 15 managedBy *s, "
        "16 successPolicy *batch.SuccessPolicy"
    ),
    "batch.JobTemplateSpec": "1 metadata meta.ObjectMeta, 2 spec batch.JobSpec",
    "batch.PodFailurePolicy": "1 rules [batch.PodFailurePolicyRule",
    "batch.PodFailurePolicyOnExitCodesRequirement": "1 containerName *s, 2 operator s, 3 values [i",
    "batch.PodFailurePolicyOnPodConditionsPattern": "1 type s, 2 status s",
    "batch.PodFailurePolicyRule": (
        "1 action s, 2 onExitCodes *batch.PodFailurePolicyOnExitCodesRequirement, "
        "3 onPodConditions [batch.PodFailurePolicyOnPodConditionsPattern"
    ),
    "batch.SuccessPolicy": "1 rules [batch.SuccessPolicyRule",
    "batch.SuccessPolicyRule": "1 succeededIndexes *s, 2 succeededCount *i",
    "policy.Eviction": "1 metadata meta.ObjectMeta, 2 deleteOptions *meta.DeleteOptions",
    "policy.PodDisruptionBudget": (
        "1 metadata meta.ObjectMeta, 2 spec policy.PodDisruptionBudgetSpec, 3 status -"
    ),
    "policy.PodDisruptionBudgetSpec": (
        "1 minAvailable *I, 2 selector *meta.LabelSelector, 3 maxUnavailable *I, "
        "4 unhealthyPodEvictionPolicy *s"
    ),
    "scheduling.PriorityClass": (
        "1 metadata meta.ObjectMeta, 2 value i!, 3 globalDefault b, 4 description s, "
        "5 preemptionPolicy *s"
    ),
}
