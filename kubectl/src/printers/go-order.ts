import { compareStrings, inOrder } from '@keelson/machinery';
import { loadProtobuf, type ProtobufField, type ProtobufMessages } from '@keelson/types/schemas';
import type { AnyObject } from '../types.ts';

/**
 * Go's structs have their fields in the order of their numbers, but for these, to be moved one after the other: `a<b` puts a before b,
 * `a<` at the end.
 */
export const moves: Readonly<Record<string, string>> = {
  'admissionregistration.v1.MutatingWebhook': 'objectSelector<sideEffects matchPolicy<namespaceSelector',
  'admissionregistration.v1.ValidatingWebhook': 'objectSelector<sideEffects matchPolicy<namespaceSelector',
  'admissionregistration.v1.WebhookClientConfig': 'url<service',
  'apps.v1.DeploymentCondition': 'message< reason<message',
  'apps.v1.DeploymentStatus': 'terminatingReplicas<conditions readyReplicas<availableReplicas',
  'apps.v1.ReplicaSetSpec': 'minReadySeconds<selector',
  'apps.v1.ReplicaSetStatus': 'conditions< observedGeneration<conditions',
  'authentication.v1.TokenRequestSpec': 'boundObjectRef<',
  'authentication.v1.TokenReviewStatus': 'error<',
  'authorization.v1.SubjectAccessReviewStatus': 'denied<reason',
  'autoscaling.v2.HPAScalingRules': 'stabilizationWindowSeconds<selectPolicy',
  'autoscaling.v2.MetricSpec': 'external<',
  'autoscaling.v2.MetricStatus': 'external<',
  'batch.v1.CronJobSpec': 'timeZone<startingDeadlineSeconds',
  'batch.v1.JobSpec':
    'maxFailedIndexes<selector backoffLimitPerIndex<maxFailedIndexes backoffLimit<backoffLimitPerIndex successPolicy<backoffLimit podFailurePolicy<successPolicy',
  'batch.v1.JobStatus': 'failedIndexes<uncountedTerminatedPods terminating<completedIndexes',
  'certificates.v1.CertificateSigningRequestCondition': 'status<reason',
  'certificates.v1.CertificateSigningRequestSpec': 'usages<username expirationSeconds<usages signerName<expirationSeconds',
  'core.v1.ClusterTrustBundleProjection': 'path<',
  'core.v1.ConfigMap': 'immutable<data',
  'core.v1.Container':
    'terminationMessagePolicy<imagePullPolicy startupProbe<lifecycle volumeDevices<livenessProbe restartPolicyRules<volumeMounts restartPolicy<restartPolicyRules resizePolicy<restartPolicy envFrom<env',
  'core.v1.EndpointAddress': 'targetRef<',
  'core.v1.EphemeralContainer':
    'terminationMessagePolicy<imagePullPolicy startupProbe<lifecycle volumeDevices<livenessProbe restartPolicyRules<volumeMounts restartPolicy<restartPolicyRules resizePolicy<restartPolicy envFrom<env',
  'core.v1.ISCSIPersistentVolumeSource': 'secretRef<initiatorName',
  'core.v1.ISCSIVolumeSource': 'secretRef<initiatorName',
  'core.v1.NodeSpec': 'externalID< podCIDRs<providerID',
  'core.v1.PersistentVolumeClaimSpec': 'selector<resources',
  'core.v1.PodCondition': 'observedGeneration<status',
  'core.v1.PodSecurityContext': 'supplementalGroupsPolicy<fsGroup runAsGroup<runAsNonRoot windowsOptions<runAsUser',
  'core.v1.PodSpec':
    'shareProcessNamespace<securityContext automountServiceAccountToken<nodeName ephemeralContainers<restartPolicy initContainers<containers',
  'core.v1.PodStatus':
    'initContainerStatuses<containerStatuses podIPs<startTime hostIPs<podIP nominatedNodeName<hostIP observedGeneration<phase',
  'core.v1.ReplicationControllerSpec': 'minReadySeconds<selector',
  'core.v1.ReplicationControllerStatus': 'observedGeneration<conditions',
  'core.v1.Secret': 'type< immutable<data',
  'core.v1.SecurityContext': 'runAsGroup<runAsNonRoot windowsOptions<runAsUser',
  'core.v1.ServicePort': 'appProtocol<port',
  'core.v1.ServiceSpec': 'ipFamilyPolicy<allocateLoadBalancerNodePorts clusterIPs<type',
  'core.v1.Volume': 'projected<portworxVolume',
  'core.v1.VolumeMount': 'recursiveReadOnly<mountPath',
  'discovery.v1.EndpointSlice': 'addressType<endpoints',
  'meta.v1.OwnerReference': 'apiVersion<kind',
  'networking.v1.HTTPIngressPath': 'backend<',
  'networking.v1.IngressBackend': 'resource<',
  'networking.v1.IngressSpec': 'ingressClassName<defaultBackend',
  'resource.v1.AllocatedDeviceStatus': 'shareID<conditions',
};

export type GoOrder = (object: AnyObject) => AnyObject;

/**
 * Answers what puts the fields of an object in the order of Go's structs, in which upstream's kubectl writes what it made itself or read
 * into a type of its own. The keys of maps, and of what is of no known type, come in their own order.
 */
export async function goOrder(): Promise<GoOrder> {
  const messages = await loadProtobuf();
  return ({ kind, apiVersion = '', ...rest }) => {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    const type = `${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`;
    return { kind, apiVersion, ...(ordered(rest, type, messages) as AnyObject) };
  };
}

function ordered(value: unknown, type: string, messages: ProtobufMessages): unknown {
  if (Array.isArray(value)) return value.map((item) => ordered(item, type, messages));
  if (typeof value !== 'object' || value === null || !messages[type]) return inOrder(value);
  const given = value as Readonly<Record<string, unknown>>;
  const fields = fieldsOf(type, messages);
  const known = fields
    .filter(([, name]) => name in given)
    .map(([, name, label, inner]) => [
      name,
      label === 'map' ? orderedMap(given[name], inner, messages) : ordered(given[name], inner, messages),
    ]);
  const names = new Set(fields.map(([, name]) => name));
  const others = Object.entries(given).filter(([name]) => !names.has(name));
  return Object.fromEntries([...known, ...Object.entries(inOrder(Object.fromEntries(others)) as object)]);
}

function orderedMap(map: unknown, inner: string, messages: ProtobufMessages): unknown {
  const type = inner.slice(inner.indexOf(',') + 1);
  return Object.fromEntries(
    Object.entries(map ?? {})
      .sort(([a], [b]) => compareStrings(a, b))
      .map(([key, value]) => [key, ordered(value, type, messages)]),
  );
}

/** The fields of a type as Go has them, those of what is embedded in it in its place. */
function fieldsOf(type: string, messages: ProtobufMessages): readonly ProtobufField[] {
  const fields = (messages[type]?.fields ?? [])
    .toSorted(([a], [b]) => a - b)
    .flatMap((field) => (field[1] === '' ? fieldsOf(field[3], messages) : [field]));
  for (const move of moves[type]?.split(' ') ?? []) {
    const [name, before] = move.split('<');
    const [moved] = fields.splice(
      fields.findIndex((field) => field[1] === name),
      1,
    );
    const at = before === '' ? fields.length : fields.findIndex((field) => field[1] === before);
    if (moved) fields.splice(at, 0, moved);
  }
  return fields;
}
