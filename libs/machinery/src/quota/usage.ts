import type { PersistentVolumeClaim, Pod, ResourceClaim, Service } from '@keelson/types';
import { podLimits, podRequests, type Resources } from '../podresources.ts';
import { isPodTerminal } from '../podstate.ts';
import { parseQuantity, type Quantity } from '../quantity.ts';

/** Which kind of thing uses something: a group and a resource. */
export interface Counted {
  readonly group: string;
  readonly resource: string;
}

const one = parseQuantity('1');

/** Names under which an object is counted as such; those without `count/` are older, and the core group's only. */
const plainNames: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);

/** `count/pods`, `count/deployments.apps`. */
export function countName({ group, resource }: Counted): string {
  return `count/${resource}${group ? `.${group}` : ''}`;
}

/** What an object uses of what quotas limit, by their names. `now` in milliseconds. */
export function usageOf(counted: Counted, object: unknown, now: number): Resources {
  const usage: Record<string, Quantity> = { [countName(counted)]: one };
  if (counted.group === 'resource.k8s.io' && counted.resource === 'resourceclaims')
    return { ...usage, ...deviceUsage(object as ResourceClaim) };
  if (counted.group !== '') return usage;
  if (plainNames.has(counted.resource)) usage[counted.resource] = one;
  if (counted.resource === 'pods') return { ...usage, ...podUsage(object as Pod, now) };
  if (counted.resource === 'services') return { ...usage, ...serviceUsage(object as Service) };
  if (counted.resource === 'persistentvolumeclaims') return { ...usage, ...claimUsage(object as PersistentVolumeClaim) };
  return usage;
}

/** Resources that quotas also know under their bare names, meaning what is requested. */
const bareNames = /^(cpu|memory|ephemeral-storage)$/;
const limited = /^(cpu|memory|ephemeral-storage)$/;

/** A pod that is over, or should be gone by now, uses nothing but the room its object takes. */
function podUsage(pod: Pod, now: number): Resources {
  if (isPodTerminal(pod) || isOverdue(pod, now)) return {};
  const usage: Record<string, Quantity> = { pods: one };
  for (const [name, amount] of Object.entries(podRequests(pod))) {
    usage[`requests.${name}`] = amount;
    if (bareNames.test(name) || name.startsWith('hugepages-')) usage[name] = amount;
  }
  for (const [name, amount] of Object.entries(podLimits(pod))) if (limited.test(name)) usage[`limits.${name}`] = amount;
  return usage;
}

function isOverdue({ metadata }: Pod, now: number): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  return deletionTimestamp != null && deletionGracePeriodSeconds != null && now > Date.parse(deletionTimestamp);
}

function serviceUsage({ spec }: Service): Resources {
  const ports = spec?.ports ?? [];
  const balanced = spec?.type === 'LoadBalancer';
  const usage: Record<string, Quantity> = {};
  const allocated = spec?.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort).length : ports.length;
  if (balanced) usage['services.loadbalancers'] = one;
  if (balanced || spec?.type === 'NodePort') usage['services.nodeports'] = parseQuantity(String(balanced ? allocated : ports.length));
  return usage;
}

function claimUsage({ metadata, spec, status }: PersistentVolumeClaim): Resources {
  const usage: Record<string, Quantity> = {};
  const allocated = status?.allocatedResources?.storage;
  const asked = spec?.resources?.requests?.storage;
  const storage = asked === undefined ? undefined : largest(parseQuantity(asked), allocated && parseQuantity(allocated));
  const name = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName;
  for (const prefix of name ? ['', `${name}.storageclass.storage.k8s.io/`] : ['']) {
    if (prefix) usage[`${prefix}persistentvolumeclaims`] = one;
    if (storage) usage[`${prefix}requests.storage`] = storage;
  }
  return usage;
}

function largest(a: Quantity, b: Quantity | '' | undefined): Quantity {
  return b && b.nanos > a.nanos ? b : a;
}

/** Devices that one claim can be given at most, which is what `All` may come to. */
const mostDevices = 32;

/** Devices by class: what each request asks for, and of one that takes the first that can be had, the most of each class. */
function deviceUsage({ spec }: ResourceClaim): Resources {
  const total = new Map<string, number>();
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const most = new Map<string, number>();
    for (const { deviceClassName, allocationMode, count = 1 } of exactly ? [exactly] : firstAvailable)
      most.set(deviceClassName, Math.max(most.get(deviceClassName) ?? 0, allocationMode === 'All' ? mostDevices : count));
    for (const [name, devices] of most) total.set(name, (total.get(name) ?? 0) + devices);
  }
  return Object.fromEntries([...total].map(([name, n]) => [`${name}.deviceclass.resource.k8s.io/devices`, parseQuantity(String(n))]));
}
