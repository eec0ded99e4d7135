/**
 * Members that need not be given and that Go's types have all the same, by type: no pointers, and written with their zero. What has to be
 * given is in the schemas; an object's own metadata, spec and status come with the object.
 */
const members: Readonly<Record<string, string>> = {
  'apps.v1.StatefulSetOrdinals': 'start',
  'apps.v1.StatefulSetSpec': 'serviceName',
  'apps.v1.StatefulSetStatus': 'availableReplicas',
  'batch.v1.JobTemplateSpec': 'metadata',
  'core.v1.ContainerStatus': 'lastState state',
  'core.v1.Event': 'reportingComponent reportingInstance source',
  'core.v1.Node': 'status',
  'core.v1.NodeDaemonEndpoints': 'kubeletEndpoint',
  'core.v1.NodeRuntimeHandler': 'name',
  'core.v1.NodeStatus': 'daemonEndpoints nodeInfo',
  'core.v1.PersistentVolumeClaimSpec': 'resources',
  'core.v1.PersistentVolumeClaimTemplate': 'metadata',
  'core.v1.PodTemplateSpec': 'metadata',
  'discovery.v1.Endpoint': 'conditions',
  'events.v1.Event': 'deprecatedSource regarding',
  'flowcontrol.v1.FlowSchemaSpec': 'matchingPrecedence',
  'flowcontrol.v1.QueuingConfiguration': 'queues handSize queueLengthLimit',
  'networking.v1.IngressServiceBackend': 'port',
  'networking.v1.NetworkPolicySpec': 'podSelector',
  'policy.v1.PodDisruptionBudgetStatus': 'currentHealthy desiredHealthy disruptionsAllowed expectedPods',
  'resource.v1.AllocationResult': 'devices',
  'resource.v1.ResourceClaimSpec': 'devices',
  'resource.v1.ResourceClaimTemplateSpec': 'metadata',
  'scheduling.v1.PriorityClass': 'value',
};

const keys: ReadonlySet<string> = new Set(
  Object.entries(members).flatMap(([type, names]) => names.split(' ').map((name) => `${type}.${name}`)),
);

/** Whether a member that is not given is there nevertheless, empty. */
export function alwaysThere(typeName: string, member: string): boolean {
  return keys.has(`${typeName}.${member}`);
}
