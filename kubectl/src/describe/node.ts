import { errorMessage } from '@keelson/base';
import {
  addQuantities,
  ageText,
  compareStrings,
  formatQuantity,
  isPodTerminal,
  parseQuantity,
  podLimits,
  podRequests,
  type Quantity,
  quantityMilliValue,
  quantityValue,
  type Resources,
  zeroQuantity,
} from '@keelson/machinery';
import { Lease, type Node, Pod, type Taint } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { annotationLines, field, type Lines, labelLines, listed, tableLines, timeOrZero, timeText } from './lines.ts';

export async function describeNode(cluster: Cluster, node: Node, now: number): Promise<Lines> {
  const name = node.metadata.name ?? '';
  const [lease, pods] = await Promise.all([
    cluster.api.get(Lease, { name, namespace: 'kube-node-lease' }).catch((error: unknown) => errorMessage(error)),
    cluster.api.list(Pod, { fieldSelector: `spec.nodeName=${name},status.phase!=Succeeded,status.phase!=Failed` }).then(
      ({ items }) => items.filter((pod) => !isPodTerminal(pod)),
      () => undefined,
    ),
  ]);
  return [...nodeHead(node), ...leaseLines(lease), ...nodeStatus(node), ...(pods ? podTable(node, pods, now) : [])];
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
    .map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`);
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

function nodeStatus({ spec, status }: Node): Lines {
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
    field(1, 'Kube-Proxy Version', info?.kubeProxyVersion),
    ...(spec?.podCIDR ? [field(0, 'PodCIDR', spec.podCIDR)] : []),
    ...(spec?.podCIDRs?.length ? [field(0, 'PodCIDRs', spec.podCIDRs.join(','))] : []),
    ...(spec?.providerID ? [field(0, 'ProviderID', spec.providerID)] : []),
  ];
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
