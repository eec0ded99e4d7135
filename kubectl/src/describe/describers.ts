import type {
  CertificateSigningRequest,
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  CronJob,
  CSINode,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  HorizontalPodAutoscaler,
  Ingress,
  IngressClass,
  IPAddress,
  Job,
  LimitRange,
  Namespace,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PriorityClass,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  Role,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
  ServiceCIDR,
  StatefulSet,
  StorageClass,
  VolumeAttributesClass,
} from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import type { AnyObject } from '../types.ts';
import { ipAddressLines, serviceCidrLines } from './addresses.ts';
import { autoscalerLines } from './autoscaler.ts';
import { describeCronJob, describeJob } from './batch.ts';
import { certificateRequestLines } from './certificate-request.ts';
import { describeClaim } from './claims.ts';
import { describeIngress, ingressClassLines } from './ingress.ts';
import { budgetLines, limitRangeLines, priorityClassLines, quotaLines } from './limits.ts';
import type { Lines } from './lines.ts';
import { describeNamespace } from './namespace.ts';
import { networkPolicyLines } from './network-policy.ts';
import { describeNode } from './node.ts';
import { persistentVolumeLines } from './persistent-volume.ts';
import { configMapLines, secretLines, serviceAccountLines } from './plain.ts';
import { podLines } from './pod.ts';
import { bindingLines, roleLines } from './rbac.ts';
import { describeService, endpointSliceLines, endpointsLines } from './service.ts';
import { describeDaemonSet, describeStatefulSet } from './sets.ts';
import { csiNodeLines, storageClassLines, volumeAttributesClassLines } from './storage.ts';
import { describeDeployment, describeReplicaSet, describeReplicationController } from './workload.ts';

/** The lines about an object, events apart. `now` is milliseconds since the epoch. */
export type Describer = (object: AnyObject, cluster: Cluster, now: number) => Lines | Promise<Lines>;

/** A describer for one kind. */
function of<T>(describe: (object: T, cluster: Cluster, now: number) => Lines | Promise<Lines>): Describer {
  return (object, cluster, now) => describe(object as T, cluster, now);
}

/** By `<kind>.<group>`. What is not here is described by its fields. */
export const describers: Readonly<Record<string, Describer>> = {
  Pod: of<Pod>((pod, _, now) => podLines(pod, now)),
  Node: of<Node>((node, cluster, now) => describeNode(cluster, node, now)),
  Namespace: of<Namespace>((namespace, cluster) => describeNamespace(cluster, namespace)),
  ConfigMap: of<ConfigMap>(configMapLines),
  Secret: of<Secret>(secretLines),
  ServiceAccount: of<ServiceAccount>(serviceAccountLines),
  Service: of<Service>((service, cluster) => describeService(cluster, service)),
  Endpoints: of<Endpoints>(endpointsLines),
  LimitRange: of<LimitRange>(limitRangeLines),
  ResourceQuota: of<ResourceQuota>(quotaLines),
  PersistentVolume: of<PersistentVolume>((volume, _, now) => persistentVolumeLines(volume, now)),
  PersistentVolumeClaim: of<PersistentVolumeClaim>((claim, cluster, now) => describeClaim(cluster, claim, now)),
  ReplicationController: of<ReplicationController>((controller, cluster) => describeReplicationController(cluster, controller)),
  'EndpointSlice.discovery.k8s.io': of<EndpointSlice>(endpointSliceLines),
  'Ingress.networking.k8s.io': of<Ingress>((ingress, cluster) => describeIngress(cluster, ingress)),
  'IngressClass.networking.k8s.io': of<IngressClass>(ingressClassLines),
  'NetworkPolicy.networking.k8s.io': of<NetworkPolicy>(networkPolicyLines),
  'ServiceCIDR.networking.k8s.io': of<ServiceCIDR>(serviceCidrLines),
  'IPAddress.networking.k8s.io': of<IPAddress>(ipAddressLines),
  'Role.rbac.authorization.k8s.io': of<Role>(roleLines),
  'ClusterRole.rbac.authorization.k8s.io': of<ClusterRole>(roleLines),
  'RoleBinding.rbac.authorization.k8s.io': of<RoleBinding>(bindingLines),
  'ClusterRoleBinding.rbac.authorization.k8s.io': of<ClusterRoleBinding>(bindingLines),
  'Deployment.apps': of<Deployment>((deployment, cluster) => describeDeployment(cluster, deployment)),
  'ReplicaSet.apps': of<ReplicaSet>((set, cluster) => describeReplicaSet(cluster, set)),
  'DaemonSet.apps': of<DaemonSet>((set, cluster) => describeDaemonSet(cluster, set)),
  'StatefulSet.apps': of<StatefulSet>((set, cluster) => describeStatefulSet(cluster, set)),
  'Job.batch': of<Job>(describeJob),
  'CronJob.batch': of<CronJob>(describeCronJob),
  'PodDisruptionBudget.policy': of<PodDisruptionBudget>(budgetLines),
  'CertificateSigningRequest.certificates.k8s.io': of<CertificateSigningRequest>(certificateRequestLines),
  'PriorityClass.scheduling.k8s.io': of<PriorityClass>(priorityClassLines),
  'StorageClass.storage.k8s.io': of<StorageClass>(storageClassLines),
  'VolumeAttributesClass.storage.k8s.io': of<VolumeAttributesClass>(volumeAttributesClassLines),
  'CSINode.storage.k8s.io': of<CSINode>(csiNodeLines),
  'HorizontalPodAutoscaler.autoscaling': of<HorizontalPodAutoscaler>(autoscalerLines),
};

/** Kinds that nothing happens to: upstream prints no events for them. */
export const eventless: ReadonlySet<string> = new Set([
  ...['Namespace', 'ResourceQuota', 'LimitRange', 'Secret', 'NetworkPolicy.networking.k8s.io'],
  ...['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'].map((kind) => `${kind}.rbac.authorization.k8s.io`),
]);
