import type { ContainerImage, Node, NodeStatus } from '@keelson/types';
import type { Allocatable } from '../config/resourcefield.ts';
import type { Image } from '../cri/types.ts';
import type { Amount } from '../devices/types.ts';
import { defaultThresholds, keptBack, type Threshold } from '../eviction/thresholds.ts';
import { compact } from '../pod/naming.ts';
import { type NodeHealth, nodeConditions } from './conditions.ts';
import type { MachineFacts } from './facts.ts';
import { nothingReserved, type Reserved } from './reserved.ts';

export interface NodeIdentity {
  readonly name: string;
  /** The machine's name, for the address list; the node's own name where they differ on purpose. */
  readonly hostname: string;
  readonly ips: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** `key=value:Effect` or `key:Effect`. */
  readonly taints: readonly string[];
  readonly podCIDR: string;
  readonly maxPods: number;
  readonly port: number;
  readonly version: string;
  /** The name of the machine with those who provide it. */
  readonly providerID?: string;
  /** Off: somebody else makes the Node object. */
  readonly register?: boolean;
  /** Off: the node is registered as one that takes no pods yet. */
  readonly schedulable?: boolean;
  /** A cloud controller says where the node is before it takes pods. */
  readonly externalCloud?: boolean;
  /** Kept from pods for the system and the agents, beyond what eviction needs. */
  readonly reserved?: Reserved;
}

export interface NodeView {
  readonly identity: NodeIdentity;
  readonly machine: MachineFacts;
  readonly health: NodeHealth;
  readonly images: readonly Image[];
  /** When pods are evicted: what is kept free for that is not theirs to use. Upstream's default when absent. */
  readonly thresholds?: readonly Threshold[] | undefined;
  /** Attached volumes that are mounted or about to be: none of them may be detached. */
  readonly volumesInUse?: readonly string[];
  /** What device plugins have, by resource. */
  readonly devices?: ReadonlyMap<string, Amount>;
  /** The machine may be another than the Node was made for: what was said of devices is not so. */
  readonly isNew?: boolean;
}

const mostImages = 50;

/** The Node object a kubelet registers, status included, so that it is Ready from its first moment. */
export function nodeObject(view: NodeView, now: string): Node {
  const { name, hostname, labels, podCIDR, providerID, schedulable = true } = view.identity;
  const taints = registeredTaints(view.identity);
  const { architecture } = view.machine;
  const podCIDRs = podCIDR ? podCIDR.split(',') : undefined;
  const own = {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': hostname,
    'kubernetes.io/os': 'linux',
  };
  const spec = compact({
    podCIDR: podCIDRs?.[0],
    podCIDRs,
    providerID: providerID || undefined,
    taints: taints.length > 0 ? taints : undefined,
    unschedulable: schedulable ? undefined : true,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { ...own, ...labels }, annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
    spec,
    status: nodeStatus(view, undefined, now),
  } as Node;
}

function registeredTaints({ taints, schedulable = true, externalCloud }: NodeIdentity): ReturnType<typeof parseTaint>[] {
  return [
    ...taints.map(parseTaint),
    ...(schedulable ? [] : [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]),
    ...(externalCloud ? [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }] : []),
  ];
}

/** @throws Error naming the taint that is none. */
export function parseTaint(text: string): { key: string; value?: string; effect: string } {
  const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
  if (!match) throw new Error(`invalid taint ${JSON.stringify(text)}: want key=value:effect`);
  return compact({ key: match[1] ?? '', value: match[2], effect: match[3] ?? '' });
}

/** What pods may use of the machine together, in the units of the downward API. */
export function allocatable(
  { cpus, memoryBytes, diskBytes }: MachineFacts,
  reserved: Reserved = nothingReserved,
  thresholds: readonly Threshold[] = defaultThresholds,
): Allocatable {
  const memory = memoryBytes - reserved.memoryBytes - keptBack(thresholds, 'memory.available', memoryBytes);
  const storage = diskBytes - reserved.storageBytes - keptBack(thresholds, 'nodefs.available', diskBytes);
  return {
    milliCpu: Math.max(cpus * 1000 - reserved.milliCpu, 0),
    // In whole KiB, as the Node shows it.
    memoryBytes: Math.floor(Math.max(memory, 0) / 1024) * 1024,
    storageBytes: Math.max(storage, 0),
  };
}

/** @param present what the server has: conditions keep their times, and what others count on the node stays. */
export function nodeStatus(view: NodeView, present: NodeStatus | undefined, now: string): NodeStatus {
  const { identity, machine, health } = view;
  return {
    capacity: {
      ...resources(machine, identity.maxPods, machine.memoryBytes, `${Math.floor(machine.diskBytes / 1024)}Ki`),
      ...deviceAmounts(view, 'capacity'),
    },
    allocatable: { ...extendedResources(present), ...allocatableResources(view), ...deviceAmounts(view, 'allocatable') },
    conditions: nodeConditions(health, present?.conditions ?? [], now),
    addresses: [...identity.ips.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: identity.hostname }],
    daemonEndpoints: { kubeletEndpoint: { Port: identity.port } },
    nodeInfo: {
      machineID: machine.machineID,
      systemUUID: machine.systemUUID,
      bootID: machine.bootID,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: health.runtime ? `${health.runtime.name}://${health.runtime.version}` : '',
      kubeletVersion: identity.version,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
    images: imageList(view.images),
    ...inUse(view.volumesInUse ?? [], present),
  } as NodeStatus;
}

/** The view of a machine that may have none of the devices that its Node tells of. */
export function withoutOldDevices(view: NodeView, present: NodeStatus | undefined): NodeView {
  if (!view.isNew) return view;
  const old = Object.keys(extendedResources(present)).map((resource) => [resource, { capacity: 0, allocatable: 0 }] as const);
  return { ...view, devices: new Map([...old, ...(view.devices ?? [])]) };
}

/** An empty list is taken away, as upstream. */
function inUse(volumes: readonly string[], present: NodeStatus | undefined): { readonly volumesInUse?: readonly string[] | null } {
  if (volumes.length > 0) return { volumesInUse: volumes };
  return present?.volumesInUse ? { volumesInUse: null } : {};
}

/** Resources that an administrator has given the node: pods may have all of them, as upstream. */
function extendedResources(present: NodeStatus | undefined): Record<string, string> {
  const all = Object.entries(present?.capacity ?? {});
  return Object.fromEntries(all.filter(([name]) => name.includes('/') && !/(^|\.)kubernetes\.io\//.test(name)));
}

function deviceAmounts({ devices = new Map() }: NodeView, which: keyof Amount): Record<string, string> {
  return Object.fromEntries([...devices].map(([resource, amount]) => [resource, String(amount[which])]));
}

function allocatableResources({ identity, machine, thresholds }: NodeView): Record<string, string> {
  const { milliCpu, memoryBytes, storageBytes } = allocatable(machine, identity.reserved, thresholds);
  const cpu = milliCpu % 1000 === 0 ? String(milliCpu / 1000) : `${milliCpu}m`;
  return { ...resources(machine, identity.maxPods, memoryBytes, String(storageBytes)), cpu };
}

function resources(machine: MachineFacts, maxPods: number, memoryBytes: number, storage: string): Record<string, string> {
  return {
    cpu: String(machine.cpus),
    'ephemeral-storage': storage,
    ...Object.fromEntries(Object.entries(machine.hugepages).map(([name, size]) => [name, String(size)])),
    memory: `${Math.floor(memoryBytes / 1024)}Ki`,
    pods: String(maxPods),
  };
}

/** The largest images, each with at most five names. */
function imageList(images: readonly Image[]): ContainerImage[] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, mostImages)
    .map((image) => ({ names: [...image.digests, ...image.tags].slice(0, 5), sizeBytes: image.sizeBytes }) as ContainerImage);
}
