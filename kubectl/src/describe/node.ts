import { errorMessage } from '@keelson/base';
import { ApiError } from '@keelson/client';
import {
  addQuantities,
  ageText,
  compareStrings,
  formatQuantity,
  parseQuantity,
  podLimits,
  podRequests,
  type Quantity,
  quantityMilliValue,
  quantityValue,
  type Resources,
  zeroQuantity,
} from '@keelson/machinery';
import { Lease, type Node, Pod, ResourceSlice, type Taint } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { annotationLines, field, type Lines, labelLines, listed, tableLines, timeOrZero, timeText } from './lines.ts';

export async function describeNode(cluster: Cluster, node: Node, now: number): Promise<Lines> {
  const name = node.metadata.name ?? '';
  const [lease, slices, pods] = await Promise.all([
    cluster.api.get(Lease, { name, namespace: 'kube-node-lease' }).catch((error: unknown) => errorMessage(error)),
    cluster.api.list(ResourceSlice, { fieldSelector: `spec.nodeName=${name}` }).catch(() => ({ items: [] })),
    cluster.api
      .list(Pod, { fieldSelector: `spec.nodeName=${name},status.phase!=Succeeded,status.phase!=Failed` })
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.reason === 'Forbidden') return undefined;
        throw error;
      }),
  ]);
  return nodeLines(node, { lease, slices: slices.items, pods: pods?.items }, now);
}

/** What is known of a node beside itself. */
interface Beside {
  /** Or why there is none. */
  readonly lease: Lease | string;
  readonly slices: readonly ResourceSlice[];
  /** `undefined` where they may not be seen. */
  readonly pods: readonly Pod[] | undefined;
}

/** @param now milliseconds since the epoch. */
export function nodeLines(node: Node, { lease, slices, pods }: Beside, now: number): Lines {
  return [
    ...nodeHead(node),
    ...leaseLines(lease),
    ...nodeStatus(node, slices),
    ...(pods ? podTable(node, pods, now) : [field(0, 'Pods', 'not authorized')]),
  ];
}

const rolePrefix = 'node-role.kubernetes.io/';

function nodeHead({ metadata, spec }: Node): Lines {
  const labels = metadata.labels ?? {};
  const roles = Object.keys(labels).flatMap((key) =>
    key.startsWith(rolePrefix) ? [key.slice(rolePrefix.length)] : key === 'kubernetes.io/role' ? [labels[key] ?? ''] : [],
  );
  const order = ({ effect, key }: Taint): string => `${effect},${key}`;
  const taints = (spec?.taints ?? [])
    .toSorted((a, b) => compareStrings(order(a), order(b)))
    .map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}${value || effect ? `:${effect}` : ''}`);
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Roles', roles.filter(Boolean).sort(compareStrings).join(',') || '<none>'),
    ...labelLines(0, labels),
    ...annotationLines(0, metadata.annotations),
    field(0, 'CreationTimestamp', timeText(metadata.creationTimestamp)),
    ...listed(0, 'Taints', taints),
    field(0, 'Unschedulable', spec?.unschedulable ?? false),
  ];
}

function leaseLines(lease: Lease | string): Lines {
  if (typeof lease === 'string') return [field(0, 'Lease', `Failed to get lease: ${lease}`)];
  const { holderIdentity, acquireTime, renewTime } = lease.spec ?? {};
  return [
    'Lease:',
    field(1, 'HolderIdentity', holderIdentity ?? '<unset>'),
    field(1, 'AcquireTime', timeText(acquireTime)),
    field(1, 'RenewTime', timeText(renewTime)),
  ];
}

function nodeStatus({ spec, status }: Node, slices: readonly ResourceSlice[]): Lines {
  const conditions = (status?.conditions ?? []).map((each) => [
    `${each.type} `,
    `${each.status} `,
    `${timeOrZero(each.lastHeartbeatTime)} `,
    `${timeOrZero(each.lastTransitionTime)} `,
    `${each.reason ?? ''} `,
    each.message,
  ]);
  const info = status?.nodeInfo;
  return [
    ...(conditions.length > 0
      ? ['Conditions:', ...tableLines(1, ['Type', 'Status', 'LastHeartbeatTime', 'LastTransitionTime', 'Reason', 'Message'], conditions)]
      : []),
    'Addresses:',
    ...(status?.addresses ?? []).map(({ type, address }) => field(1, type, address)),
    ...amountLines('Capacity', status?.capacity),
    ...amountLines('Allocatable', status?.allocatable),
    ...sliceLines(slices),
    'System Info:',
    field(1, 'Machine ID', info?.machineID),
    field(1, 'System UUID', info?.systemUUID),
    field(1, 'Boot ID', info?.bootID),
    field(1, 'Kernel Version', info?.kernelVersion),
    field(1, 'OS Image', info?.osImage),
    field(1, 'Operating System', info?.operatingSystem),
    field(1, 'Architecture', info?.architecture),
    field(1, 'Container Runtime Version', info?.containerRuntimeVersion),
    field(1, 'Kubelet Version', info?.kubeletVersion),
    ...(spec?.podCIDR ? [field(0, 'PodCIDR', spec.podCIDR)] : []),
    ...(spec?.podCIDRs?.length ? [field(0, 'PodCIDRs', spec.podCIDRs.join(','))] : []),
    ...(spec?.providerID ? [field(0, 'ProviderID', spec.providerID)] : []),
  ];
}

const mostPools = 10;

/** The devices that are on the node alone, by driver and pool. */
function sliceLines(slices: readonly ResourceSlice[]): Lines {
  const pools = Object.entries(Object.groupBy(slices, ({ spec: { driver, pool } }) => `${driver}/${pool.name}`))
    .sort(([a], [b]) => compareStrings(a, b))
    .flatMap(([, members = []]) => {
      const devices = members.reduce((total, { spec }) => total + (spec.devices ?? []).length, 0);
      return members.slice(0, 1).map(({ spec: { driver, pool } }) => [driver, pool.name, members.length, devices]);
    });
  if (pools.length === 0) return [];
  const more = pools.length > mostPools ? [`  ...and ${pools.length - mostPools} more pools`] : [];
  return ['Node-Local ResourceSlices:', ...tableLines(1, ['Driver', 'Pool', 'Slices', 'Devices'], pools.slice(0, mostPools)), ...more];
}

function amountLines(label: string, amounts: Readonly<Record<string, string>> | undefined): Lines {
  const names = Object.keys(amounts ?? {}).sort(compareStrings);
  return names.length === 0 ? [] : [`${label}:`, ...names.map((name) => field(1, name, amounts?.[name]))];
}

/** The share of what the node has, in whole per cent: computed in floating point, as upstream does. */
function share(name: string, amount: Quantity, whole: Quantity): string {
  const count = name === 'cpu' ? quantityMilliValue : quantityValue;
  const percent = count(whole) === 0 ? 0 : Math.trunc((count(amount) / count(whole)) * 100);
  return `${formatQuantity(amount)} (${percent}%)`;
}

function podTable({ status }: Node, pods: readonly Pod[], now: number): Lines {
  const amounts = Object.keys(status?.allocatable ?? {}).length > 0 ? status?.allocatable : status?.capacity;
  const whole = (name: string): Quantity => parseQuantity(amounts?.[name] ?? '0');
  const used = pods.map((pod) => ({ pod, requests: podRequests(pod), limits: podLimits(pod) }));
  const of = (resources: Resources, name: string): string => share(name, resources[name] ?? zeroQuantity, whole(name));
  const rows = used.map(({ pod: { metadata }, requests, limits }) => [
    metadata.namespace,
    metadata.name,
    '',
    of(requests, 'cpu'),
    of(limits, 'cpu'),
    of(requests, 'memory'),
    of(limits, 'memory'),
    ageText(metadata.creationTimestamp, now),
  ]);
  const { shared, counted } = totalledResources(Object.keys(amounts ?? {}));
  const [requests, limits] = [sum(used.map((each) => each.requests)), sum(used.map((each) => each.limits))];
  const totals = [
    ...shared.map((name) => [name, of(requests, name), of(limits, name)]),
    ...counted.map((name) => [name, formatQuantity(requests[name] ?? zeroQuantity), formatQuantity(limits[name] ?? zeroQuantity)]),
  ];
  return [
    field(0, 'Non-terminated Pods', `(${pods.length} in total)`),
    ...tableLines(1, ['Namespace', 'Name', '', 'CPU Requests', 'CPU Limits', 'Memory Requests', 'Memory Limits', 'Age'], rows),
    'Allocated resources:',
    '  (Total limits may be over 100 percent, i.e., overcommitted.)',
    ...tableLines(1, ['Resource', 'Requests', 'Limits'], totals),
  ];
}

/** Which resources of a node are added up: of some the share is told, of those that others define the amount alone. */
function totalledResources(names: readonly string[]): { readonly shared: readonly string[]; readonly counted: readonly string[] } {
  const own = ['cpu', 'memory', 'ephemeral-storage'];
  const huge = names.filter((name) => name.startsWith('hugepages-')).sort(compareStrings);
  const counted = names.filter((name) => name !== 'pods' && !own.includes(name) && !huge.includes(name)).sort(compareStrings);
  return { shared: [...own, ...huge], counted };
}

function sum(all: readonly Resources[]): Resources {
  const total: Record<string, Quantity> = {};
  for (const resources of all) {
    for (const [name, amount] of Object.entries(resources)) total[name] = addQuantities(total[name] ?? zeroQuantity, amount);
  }
  return total;
}
