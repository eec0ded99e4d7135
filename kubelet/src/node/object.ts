import type { ContainerImage, Node, NodeStatus } from '@keelson/types';
import type { Allocatable } from '../config/resourcefield.ts';
import type { Image } from '../cri/types.ts';
import { compact } from '../pod/naming.ts';
import { type NodeHealth, nodeConditions } from './conditions.ts';
import type { MachineFacts } from './facts.ts';

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
}

export interface NodeView {
  readonly identity: NodeIdentity;
  readonly machine: MachineFacts;
  readonly health: NodeHealth;
  readonly images: readonly Image[];
  /** Attached volumes that are mounted or about to be: none of them may be detached. */
  readonly volumesInUse?: readonly string[];
}

/** What is kept back from pods so that eviction sets in before the kernel kills: the hard memory threshold. */
const reservedMemory = 100 * 2 ** 20;
const mostImages = 50;

/** The Node object a kubelet registers, status included, so that it is Ready from its first moment. */
export function nodeObject(view: NodeView, now: string): Node {
  const { name, hostname, labels, taints, podCIDR } = view.identity;
  const { architecture } = view.machine;
  const own = {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': hostname,
    'kubernetes.io/os': 'linux',
  };
  const spec = compact({
    podCIDR: podCIDR || undefined,
    podCIDRs: podCIDR ? podCIDR.split(',') : undefined,
    taints: taints.length > 0 ? taints.map(parseTaint) : undefined,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { ...own, ...labels }, annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
    spec,
    status: nodeStatus(view, undefined, now),
  } as Node;
}

/** @throws Error naming the taint that is none. */
export function parseTaint(text: string): { key: string; value?: string; effect: string } {
  const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
  if (!match) throw new Error(`invalid taint ${JSON.stringify(text)}: want key=value:effect`);
  return compact({ key: match[1] ?? '', value: match[2], effect: match[3] ?? '' });
}

/** What pods may use of the machine together, in the units of the downward API. */
export function allocatable({ cpus, memoryBytes, diskBytes }: MachineFacts): Allocatable {
  return { milliCpu: cpus * 1000, memoryBytes: usableMemory(memoryBytes), storageBytes: Math.floor(diskBytes * 0.9) };
}

/** In whole KiB, as the Node shows it. */
function usableMemory(bytes: number): number {
  return Math.floor(Math.max(bytes - reservedMemory, 0) / 1024) * 1024;
}

/** @param present what the server has: conditions keep their times, and what others count on the node stays. */
export function nodeStatus(view: NodeView, present: NodeStatus | undefined, now: string): NodeStatus {
  const { identity, machine, health } = view;
  return {
    capacity: resources(machine, identity.maxPods, machine.memoryBytes, `${Math.floor(machine.diskBytes / 1024)}Ki`),
    allocatable: {
      ...extendedResources(present),
      ...resources(machine, identity.maxPods, usableMemory(machine.memoryBytes), String(allocatable(machine).storageBytes)),
    },
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
