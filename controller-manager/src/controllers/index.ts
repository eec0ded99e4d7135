import { attachDetachController } from './attach-detach/controller.ts';
import { runBootstrapSigner } from './bootstrapsigner/controller.ts';
import { clusterRoleAggregationController } from './clusterrole-aggregation/controller.ts';
import { cronJobController } from './cronjob/controller.ts';
import { csrApprovingController } from './csrapproving/controller.ts';
import { csrCleanerController } from './csrcleaner/controller.ts';
import { csrSigningController } from './csrsigning/controller.ts';
import { daemonSetController } from './daemonset/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { disruptionController, staleDisruptionController } from './disruption/controller.ts';
import { endpointsController } from './endpoints/controller.ts';
import { endpointSliceController } from './endpointslice/controller.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring/controller.ts';
import { ephemeralVolumeController } from './ephemeral-volume/controller.ts';
import { runGarbageCollector } from './garbage-collector/run.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts';
import { jobController } from './job/controller.ts';
import { jobOrphansController } from './job/orphans.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeIpamController } from './node-ipam/controller.ts';
import { nodeLifecycleController } from './node-lifecycle/controller.ts';
import { volumeBinderController } from './persistent-volumes/binder.ts';
import { claimProtectionController, volumeProtectionController } from './persistent-volumes/protection.ts';
import { podGCController } from './pod-gc/controller.ts';
import { replicaSetController } from './replicaset/controller.ts';
import { replicationControllerController } from './replicationcontroller/controller.ts';
import { resourceQuotaController } from './resource-quota/controller.ts';
import { rootCAController } from './root-ca/controller.ts';
import { serviceCIDRController } from './service-cidr/controller.ts';
import { serviceAccountController } from './serviceaccount/controller.ts';
import { statefulSetController } from './statefulset/controller.ts';
import { taintEvictionController } from './taint-eviction/controller.ts';
import { runTokenCleaner } from './tokencleaner/controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts';
import type { ControllerEntry } from './types.ts';
import { validatingAdmissionPolicyStatusController } from './validating-admission-policy-status/controller.ts';

/** THE list of controllers. To run another, write its file and name it here. */
export const controllers: readonly ControllerEntry[] = [
  {
    name: 'serviceaccount-controller',
    serviceAccount: 'service-account-controller',
    eventSource: 'service-account-controller',
    define: () => [serviceAccountController()],
  },
  {
    name: 'root-ca-certificate-publisher-controller',
    serviceAccount: 'root-ca-cert-publisher',
    eventSource: 'root-ca-cert-publisher',
    define: ({ rootCA }) => (rootCA ? [rootCAController(rootCA)] : []),
  },
  {
    name: 'deployment-controller',
    serviceAccount: 'deployment-controller',
    eventSource: 'deployment-controller',
    define: ({ concurrency }, { clock }) => [deploymentController(concurrency.deployment ?? 5, clock)],
  },
  {
    name: 'replicaset-controller',
    serviceAccount: 'replicaset-controller',
    eventSource: 'replicaset-controller',
    define: ({ concurrency }, { clock }) => [replicaSetController(concurrency.replicaset ?? 5, clock)],
  },
  {
    name: 'job-controller',
    serviceAccount: 'job-controller',
    eventSource: 'job-controller',
    define: ({ concurrency }, { clock }) => [jobController(concurrency.job ?? 5, clock), jobOrphansController(1)],
  },
  {
    name: 'cronjob-controller',
    serviceAccount: 'cronjob-controller',
    eventSource: 'cronjob-controller',
    define: ({ concurrency }, { clock }) => [cronJobController(concurrency['cron-job'] ?? 5, clock)],
  },
  {
    name: 'ttl-after-finished-controller',
    serviceAccount: 'ttl-after-finished-controller',
    eventSource: 'ttl-after-finished-controller',
    define: ({ concurrency }, { clock }) => [ttlAfterFinishedController(concurrency['ttl-after-finished'] ?? 5, clock)],
  },
  {
    name: 'disruption-controller',
    serviceAccount: 'disruption-controller',
    eventSource: 'controllermanager',
    define: (_config, { clock }) => [disruptionController(clock), staleDisruptionController(clock)],
  },
  {
    name: 'daemonset-controller',
    alias: 'daemonset',
    serviceAccount: 'daemon-set-controller',
    eventSource: 'daemonset-controller',
    define: ({ concurrency }, { clock }) => [daemonSetController(concurrency.daemonset ?? 2, clock)],
  },
  {
    name: 'replicationcontroller-controller',
    alias: 'replicationcontroller',
    serviceAccount: 'replication-controller',
    eventSource: 'replication-controller',
    define: ({ concurrency }, { clock }) => [replicationControllerController(concurrency.rc ?? 5, clock)],
  },
  {
    name: 'statefulset-controller',
    alias: 'statefulset',
    serviceAccount: 'statefulset-controller',
    eventSource: 'statefulset-controller',
    define: ({ concurrency }, { clock }) => [statefulSetController(concurrency.statefulset ?? 5, clock)],
  },
  {
    name: 'endpointslice-controller',
    serviceAccount: 'endpointslice-controller',
    eventSource: 'endpoint-slice-controller',
    define: ({ concurrency, maxEndpointsPerSlice }, { clock }) => [
      endpointSliceController(concurrency['service-endpoint'] ?? 5, maxEndpointsPerSlice, clock),
    ],
  },
  {
    name: 'endpointslice-mirroring-controller',
    serviceAccount: 'endpointslicemirroring-controller',
    eventSource: 'endpoint-slice-mirroring-controller',
    define: ({ concurrency }) => [endpointSliceMirroringController(concurrency['mirroring-service-endpoint'] ?? 5)],
  },
  {
    name: 'endpoints-controller',
    serviceAccount: 'endpoint-controller',
    eventSource: 'endpoint-controller',
    define: ({ concurrency }, { clock }) => [endpointsController(concurrency.endpoint ?? 5, clock)],
  },
  {
    name: 'node-ipam-controller',
    serviceAccount: 'node-controller',
    eventSource: 'cidrAllocator',
    define: ({ allocateNodeCIDRs, clusterCIDRs, nodeCIDRMaskSize }) =>
      allocateNodeCIDRs ? [nodeIpamController(clusterCIDRs, nodeCIDRMaskSize)] : [],
  },
  {
    name: 'node-lifecycle-controller',
    serviceAccount: 'node-controller',
    eventSource: 'node-controller',
    define: ({ nodeMonitorGracePeriod: grace, nodeStartupGracePeriod: startup, nodeEvictionRate: evictionRate }, { clock }) => [
      nodeLifecycleController({ grace, startup, evictionRate }, clock),
    ],
  },
  {
    name: 'taint-eviction-controller',
    serviceAccount: 'node-controller',
    eventSource: 'taint-eviction-controller',
    define: (_config, { clock }) => [taintEvictionController(clock)],
  },
  {
    name: 'persistentvolume-binder-controller',
    serviceAccount: 'persistent-volume-binder',
    eventSource: 'persistentvolume-controller',
    define: () => volumeBinderController(),
  },
  {
    name: 'persistentvolumeclaim-protection-controller',
    serviceAccount: 'pvc-protection-controller',
    eventSource: 'pvc-protection-controller',
    define: () => [claimProtectionController()],
  },
  {
    name: 'persistentvolume-protection-controller',
    serviceAccount: 'pv-protection-controller',
    eventSource: 'pv-protection-controller',
    define: () => [volumeProtectionController()],
  },
  {
    name: 'persistentvolume-attach-detach-controller',
    alias: 'attachdetach',
    serviceAccount: 'attachdetach-controller',
    eventSource: 'attachdetach-controller',
    define: () => [attachDetachController()],
  },
  {
    name: 'ephemeral-volume-controller',
    alias: 'ephemeral-volume',
    serviceAccount: 'ephemeral-volume-controller',
    eventSource: 'ephemeral_volume',
    define: ({ concurrency }, { metrics }) => [ephemeralVolumeController(concurrency.ephemeralvolume ?? 5, metrics)],
  },
  {
    name: 'resourcequota-controller',
    serviceAccount: 'resourcequota-controller',
    eventSource: 'resourcequota-controller',
    define: () => [resourceQuotaController()],
  },
  {
    name: 'pod-garbage-collector-controller',
    serviceAccount: 'pod-garbage-collector',
    eventSource: 'pod-garbage-collector',
    define: ({ terminatedPodThreshold }, { clock }) => [podGCController(terminatedPodThreshold, clock)],
  },
  {
    name: 'namespace-controller',
    serviceAccount: 'namespace-controller',
    eventSource: 'namespace-controller',
    define: ({ concurrency }, { clock }) => [namespaceController(concurrency.namespace ?? 10, clock)],
  },
  {
    name: 'horizontal-pod-autoscaler-controller',
    serviceAccount: 'horizontal-pod-autoscaler',
    eventSource: 'horizontal-pod-autoscaler',
    define: ({ concurrency, horizontalPodAutoscaler }, { clock }) => [
      horizontalPodAutoscalerController(concurrency['horizontal-pod-autoscaler'] ?? 5, horizontalPodAutoscaler, clock),
    ],
  },
  {
    name: 'certificatesigningrequest-approving-controller',
    alias: 'csrapproving',
    serviceAccount: 'certificate-controller',
    eventSource: 'certificate-controller',
    define: (_config, { clock }) => [csrApprovingController(clock)],
  },
  {
    name: 'certificatesigningrequest-signing-controller',
    alias: 'csrsigning',
    serviceAccount: 'certificate-controller',
    eventSource: 'certificate-controller',
    define: ({ signing }, { clock }) => (Object.keys(signing.authorities).length > 0 ? [csrSigningController(signing, clock)] : []),
  },
  {
    name: 'certificatesigningrequest-cleaner-controller',
    alias: 'csrcleaner',
    serviceAccount: 'certificate-controller',
    eventSource: 'certificate-controller',
    define: (_config, { clock }) => [csrCleanerController(clock)],
  },
  {
    name: 'bootstrap-signer-controller',
    alias: 'bootstrapsigner',
    offByDefault: true,
    serviceAccount: 'bootstrap-signer',
    eventSource: 'bootstrap-signer',
    run: runBootstrapSigner,
  },
  {
    name: 'token-cleaner-controller',
    alias: 'tokencleaner',
    offByDefault: true,
    serviceAccount: 'token-cleaner',
    eventSource: 'token-cleaner',
    run: runTokenCleaner,
  },
  {
    name: 'service-cidr-controller',
    serviceAccount: 'service-cidrs-controller',
    eventSource: 'service-cidr-controller',
    define: () => [serviceCIDRController()],
  },
  {
    name: 'clusterrole-aggregation-controller',
    alias: 'clusterrole-aggregation',
    serviceAccount: 'clusterrole-aggregation-controller',
    eventSource: 'clusterrole-aggregation-controller',
    define: () => [clusterRoleAggregationController()],
  },
  {
    name: 'validatingadmissionpolicy-status-controller',
    serviceAccount: 'validatingadmissionpolicy-status-controller',
    eventSource: 'validatingadmissionpolicy-status-controller',
    define: ({ concurrency }) => [validatingAdmissionPolicyStatusController(concurrency['validating-admission-policy-status'] ?? 5)],
  },
  {
    name: 'garbage-collector-controller',
    serviceAccount: 'generic-garbage-collector',
    eventSource: 'garbage-collector-controller',
    run: (deps) => runGarbageCollector(deps, deps.concurrency.gc ?? 20),
  },
];
