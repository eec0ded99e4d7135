import { attachDetachController } from './attach-detach/controller.ts';
import { runBootstrapSigner } from './bootstrapsigner/controller.ts';
import { clusterRoleAggregationController } from './clusterrole-aggregation/controller.ts';
import { cronJobController } from './cronjob/controller.ts';
import { csrApprovingController } from './csrapproving/controller.ts';
import { csrCleanerController } from './csrcleaner/controller.ts';
import { csrSigningController } from './csrsigning/controller.ts';
import { daemonSetController } from './daemonset/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { deviceTaintEvictionController } from './device-taint-eviction/controller.ts';
import { disruptionController, staleDisruptionController } from './disruption/controller.ts';
import { endpointsController } from './endpoints/controller.ts';
import { endpointSliceController } from './endpointslice/controller.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring/controller.ts';
import { ephemeralVolumeController } from './ephemeral-volume/controller.ts';
import { runGarbageCollector } from './garbage-collector/run.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts';
import { jobController } from './job/controller.ts';
import { jobOrphansController } from './job/orphans.ts';
import { legacyTokenCleaner } from './legacy-serviceaccount-token-cleaner/controller.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeIpamController } from './node-ipam/controller.ts';
import { nodeLifecycleController } from './node-lifecycle/controller.ts';
import { volumeBinderController } from './persistent-volumes/binder.ts';
import { claimProtectionController, volumeProtectionController } from './persistent-volumes/protection.ts';
import { volumeExpanderController } from './persistentvolume-expander/controller.ts';
import { podGCController } from './pod-gc/controller.ts';
import { replicaSetController } from './replicaset/controller.ts';
import { replicationControllerController } from './replicationcontroller/controller.ts';
import { resourceQuotaController } from './resource-quota/controller.ts';
import { claimUsersController } from './resourceclaim/claims.ts';
import { podClaimController } from './resourceclaim/pods.ts';
import { rootCAController } from './root-ca/controller.ts';
import { serviceCIDRController } from './service-cidr/controller.ts';
import { serviceAccountController } from './serviceaccount/controller.ts';
import { serviceAccountTokenController } from './serviceaccount-token/controller.ts';
import { claimsSigner } from './serviceaccount-token/signer.ts';
import { statefulSetController } from './statefulset/controller.ts';
import { taintEvictionController } from './taint-eviction/controller.ts';
import { runTokenCleaner } from './tokencleaner/controller.ts';
import { ttlController } from './ttl/controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts';
import type { ControllerEntry } from './types.ts';
import { validatingAdmissionPolicyStatusController } from './validating-admission-policy-status/controller.ts';
import { attributesClassProtectionController } from './volumeattributesclass-protection/controller.ts';

/** THE list of controllers. To run another, write its file and name it here. */
export const controllers: readonly ControllerEntry[] = [
  {
    name: 'serviceaccount-token-controller',
    alias: 'serviceaccount-token',
    eventSource: 'serviceaccount-token-controller',
    define: ({ tokenKey, rootCA, concurrency }) => {
      const workers = concurrency['serviceaccount-token'] ?? 5;
      return tokenKey ? [serviceAccountTokenController({ sign: claimsSigner(tokenKey), rootCA, workers })] : [];
    },
  },
  {
    name: 'serviceaccount-controller',
    alias: 'serviceaccount',
    serviceAccount: 'service-account-controller',
    eventSource: 'service-account-controller',
    define: () => [serviceAccountController()],
  },
  {
    name: 'root-ca-certificate-publisher-controller',
    alias: 'root-ca-cert-publisher',
    serviceAccount: 'root-ca-cert-publisher',
    eventSource: 'root-ca-cert-publisher',
    define: ({ rootCA }) => (rootCA ? [rootCAController(rootCA)] : []),
  },
  {
    name: 'deployment-controller',
    alias: 'deployment',
    serviceAccount: 'deployment-controller',
    eventSource: 'deployment-controller',
    define: ({ concurrency }, { clock }) => [deploymentController(concurrency.deployment ?? 5, clock)],
  },
  {
    name: 'replicaset-controller',
    alias: 'replicaset',
    serviceAccount: 'replicaset-controller',
    eventSource: 'replicaset-controller',
    define: ({ concurrency }, { clock }) => [replicaSetController(concurrency.replicaset ?? 5, clock)],
  },
  {
    name: 'job-controller',
    alias: 'job',
    serviceAccount: 'job-controller',
    eventSource: 'job-controller',
    define: ({ concurrency }, { clock, metrics }) => [jobController(concurrency.job ?? 5, clock, metrics), jobOrphansController(1)],
  },
  {
    name: 'cronjob-controller',
    alias: 'cronjob',
    serviceAccount: 'cronjob-controller',
    eventSource: 'cronjob-controller',
    define: ({ concurrency }, { clock, metrics }) => [cronJobController(concurrency['cron-job'] ?? 5, clock, metrics)],
  },
  {
    name: 'ttl-after-finished-controller',
    alias: 'ttl-after-finished',
    serviceAccount: 'ttl-after-finished-controller',
    eventSource: 'ttl-after-finished-controller',
    define: ({ concurrency }, { clock }) => [ttlAfterFinishedController(concurrency['ttl-after-finished'] ?? 5, clock)],
  },
  {
    name: 'disruption-controller',
    alias: 'disruption',
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
    alias: 'endpointslice',
    serviceAccount: 'endpointslice-controller',
    eventSource: 'endpoint-slice-controller',
    define: ({ concurrency, maxEndpointsPerSlice }, { clock }) => [
      endpointSliceController(concurrency['service-endpoint'] ?? 5, maxEndpointsPerSlice, clock),
    ],
  },
  {
    name: 'endpointslice-mirroring-controller',
    alias: 'endpointslicemirroring',
    serviceAccount: 'endpointslicemirroring-controller',
    eventSource: 'endpoint-slice-mirroring-controller',
    define: ({ concurrency }) => [endpointSliceMirroringController(concurrency['mirroring-service-endpoint'] ?? 5)],
  },
  {
    name: 'endpoints-controller',
    alias: 'endpoint',
    serviceAccount: 'endpoint-controller',
    eventSource: 'endpoint-controller',
    define: ({ concurrency }, { clock }) => [endpointsController(concurrency.endpoint ?? 5, clock)],
  },
  {
    name: 'node-ipam-controller',
    alias: 'nodeipam',
    serviceAccount: 'node-controller',
    eventSource: 'cidrAllocator',
    define: ({ allocateNodeCIDRs, clusterCIDRs, nodeCIDRMaskSize }) =>
      allocateNodeCIDRs ? [nodeIpamController(clusterCIDRs, nodeCIDRMaskSize)] : [],
  },
  {
    name: 'node-lifecycle-controller',
    alias: 'nodelifecycle',
    serviceAccount: 'node-controller',
    eventSource: 'node-controller',
    define: ({ nodeMonitorGracePeriod: grace, nodeStartupGracePeriod: startup, nodeEviction }, { clock }) => [
      nodeLifecycleController({ grace, startup, ...nodeEviction }, clock),
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
    alias: 'persistentvolume-binder',
    serviceAccount: 'persistent-volume-binder',
    eventSource: 'persistentvolume-controller',
    define: ({ removeDirectory }) => volumeBinderController(removeDirectory),
  },
  {
    name: 'persistentvolumeclaim-protection-controller',
    alias: 'pvc-protection',
    serviceAccount: 'pvc-protection-controller',
    eventSource: 'pvc-protection-controller',
    define: () => [claimProtectionController()],
  },
  {
    name: 'persistentvolume-protection-controller',
    alias: 'pv-protection',
    serviceAccount: 'pv-protection-controller',
    eventSource: 'pv-protection-controller',
    define: () => [volumeProtectionController()],
  },
  {
    name: 'persistentvolume-expander-controller',
    alias: 'persistentvolume-expander',
    serviceAccount: 'expand-controller',
    eventSource: 'volume_expand',
    define: () => [volumeExpanderController()],
  },
  {
    name: 'volumeattributesclass-protection-controller',
    serviceAccount: 'volumeattributesclass-protection-controller',
    eventSource: 'vac-protection-controller',
    define: () => [attributesClassProtectionController()],
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
    name: 'resourceclaim-controller',
    alias: 'resource-claim-controller',
    serviceAccount: 'resource-claim-controller',
    eventSource: 'resource_claim',
    define: ({ concurrency }) => {
      const workers = concurrency['resource-claim'] ?? 50;
      return [podClaimController(workers), claimUsersController(workers)];
    },
  },
  {
    name: 'device-taint-eviction-controller',
    serviceAccount: 'device-taint-eviction-controller',
    eventSource: 'device-taint-eviction',
    define: ({ concurrency }, { clock }) => [deviceTaintEvictionController(concurrency['device-taint-eviction'] ?? 8, clock)],
  },
  {
    name: 'resourcequota-controller',
    alias: 'resourcequota',
    serviceAccount: 'resourcequota-controller',
    eventSource: 'resourcequota-controller',
    define: ({ concurrency, resourceQuotaSyncPeriod: resync }, { clock }) => [
      resourceQuotaController(concurrency['resource-quota'] ?? 5, resync, clock),
    ],
  },
  {
    name: 'pod-garbage-collector-controller',
    alias: 'podgc',
    serviceAccount: 'pod-garbage-collector',
    eventSource: 'pod-garbage-collector',
    define: ({ terminatedPodThreshold }, { clock }) => [podGCController(terminatedPodThreshold, clock)],
  },
  {
    name: 'namespace-controller',
    alias: 'namespace',
    serviceAccount: 'namespace-controller',
    eventSource: 'namespace-controller',
    define: ({ concurrency }, { clock }) => [namespaceController(concurrency.namespace ?? 10, clock)],
  },
  {
    name: 'horizontal-pod-autoscaler-controller',
    alias: 'horizontalpodautoscaling',
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
    name: 'ttl-controller',
    alias: 'ttl',
    serviceAccount: 'ttl-controller',
    eventSource: 'ttl-controller',
    define: () => [ttlController()],
  },
  {
    name: 'legacy-serviceaccount-token-cleaner-controller',
    alias: 'legacy-service-account-token-cleaner',
    serviceAccount: 'legacy-service-account-token-cleaner',
    eventSource: 'legacy-service-account-token-cleaner',
    define: ({ legacyTokenCleanUpPeriod }, { clock }) => [legacyTokenCleaner(legacyTokenCleanUpPeriod, clock)],
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
    alias: 'garbagecollector',
    serviceAccount: 'generic-garbage-collector',
    eventSource: 'garbage-collector-controller',
    isWanted: ({ garbageCollection }) => garbageCollection,
    run: (deps) => runGarbageCollector(deps, deps.concurrency.gc ?? 20),
  },
];
