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
  type Resources,
  zeroQuantity,
} from '@keelson/machinery';
import { Lease, type Node, Pod, type Taint } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { annotationLines, field, type Lines, labelLines, listed, tableLines, timeText } from './lines.ts';

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
    field(0, 'Roles', roles.sort(compareStrings).join(',') || '<none>'),
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
    `${timeText(each.lastHeartbeatTime)} `,
    `${timeText(each.lastTransitionTime)} `,
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

/** The share of what the node has, in whole per cent. */
function share(amount: Quantity, whole: Quantity): string {
  const percent = whole.nanos === 0n ? 0n : (amount.nanos * 100n) / whole.nanos;
  return `${formatQuantity(amount)} (${percent}%)`;
}

function podTable({ status }: Node, pods: readonly Pod[], now: number): Lines {
  const whole = (name: string): Quantity => parseQuantity((status?.allocatable ?? status?.capacity)?.[name] ?? '0');
  const used = pods.map((pod) => ({ pod, requests: podRequests(pod), limits: podLimits(pod) }));
  const of = (resources: Resources, name: string): string => share(resources[name] ?? zeroQuantity, whole(name));
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
  const total = (pick: (each: (typeof used)[number]) => Resources, name: string): Quantity =>
    used.reduce((sum, each) => addQuantities(sum, pick(each)[name] ?? zeroQuantity), zeroQuantity);
  const names = [
    'cpu',
    'memory',
    'ephemeral-storage',
    ...Object.keys(status?.allocatable ?? {})
      .filter((name) => name.startsWith('hugepages-'))
      .sort(compareStrings),
  ];
  const totals = names.map((name) => [
    name,
    share(
      total(({ requests }) => requests, name),
      whole(name),
    ),
    share(
      total(({ limits }) => limits, name),
      whole(name),
    ),
  ]);
  return [
    field(0, 'Non-terminated Pods', `(${pods.length} in total)`),
    ...tableLines(1, ['Namespace', 'Name', '', 'CPU Requests', 'CPU Limits', 'Memory Requests', 'Memory Limits', 'Age'], rows),
    'Allocated resources:',
    '  (Total limits may be over 100 percent, i.e., overcommitted.)',
    ...tableLines(1, ['Resource', 'Requests', 'Limits'], totals),
  ];
}
