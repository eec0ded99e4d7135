import { podLimits, podRequests, quantityMilliValue, quantityValue } from '@keelson/machinery';
import type { Container, Pod } from '@keelson/types';
import type { LinuxResources } from '../cri/types.ts';
import { isSidecar, podSpec } from '../pod/containers.ts';
import { type QosClass, qosClass } from '../pod/qos.ts';
import { cgroupBelow } from './cgroup-names.ts';
import { bytes, milliCpu } from './quantity.ts';

const period = 100_000;

/** Priority from which on a pod is as hard to kill as the node's own daemons. */
const systemCritical = 2_000_000_000;

/**
 * Requests and limits as cgroup numbers, rounded as Kubernetes does. A container without a limit of its own has its pod's. `capacity`: the
 * node's memory in bytes.
 */
export function linuxResources(pod: Pod, container: Container, capacity: number): LinuxResources {
  const limits = { ...podSpec(pod).resources?.limits, ...container.resources?.limits };
  const requests = container.resources?.requests;
  const cpuLimit = limits.cpu === undefined ? 0 : milliCpu(limits.cpu);
  const cpuRequest = requests?.cpu === undefined ? cpuLimit : milliCpu(requests.cpu);
  return {
    cpuPeriod: period,
    cpuQuota: cpuLimit === 0 ? 0 : quota(cpuLimit),
    cpuShares: shares(cpuRequest),
    memoryLimit: limits.memory === undefined ? 0 : bytes(limits.memory),
    oomScoreAdj: oomScoreAdj(pod, container, capacity),
  };
}

/** As `linuxResources`, for a container that may have a limit which it is to lose. */
export function changedLinuxResources(pod: Pod, container: Container, capacity: number): LinuxResources {
  const resources = linuxResources(pod, container, capacity);
  return { ...resources, cpuQuota: resources.cpuQuota || none };
}

function quota(milliCpu: number): number {
  return Math.max(Math.floor((milliCpu * period) / 1000), 1000);
}

/** Relative weight of so many thousandths of a core, between the kernel's bounds. */
export function shares(milliCpu: number): number {
  return Math.min(Math.max(Math.floor((milliCpu * 1024) / 1000), 2), 262_144);
}

/** No limit, in a cgroup's files. */
const none = -1;

/** What all of a pod's containers may use together. -1: as much as there is. */
export interface CgroupLimits {
  readonly cpuShares: number;
  /** Microseconds in 100 ms. */
  readonly cpuQuota: number;
  /** Bytes. */
  readonly memoryLimit: number;
}

export const unlimited = { cpuQuota: none, memoryLimit: none } as const;

/** What a pod's cgroup is given. It has a limit where the pod states one or each of its containers does, as Kubernetes sets them. */
export function podCgroupLimits(pod: Pod): CgroupLimits {
  const { resources, containers = [], initContainers = [] } = podSpec(pod);
  const limits = podLimits(pod);
  const limited = (name: 'cpu' | 'memory'): boolean =>
    resources?.limits?.[name] !== undefined ||
    [...initContainers, ...containers].every((each) => each.resources?.limits?.[name] !== undefined);
  const cpuLimit = limits.cpu && limited('cpu') ? quantityMilliValue(limits.cpu) : 0;
  const memoryLimit = limits.memory && limited('memory') ? quantityValue(limits.memory) : 0;
  return {
    cpuShares: shares(podCpuRequest(pod)),
    cpuQuota: cpuLimit > 0 ? quota(cpuLimit) : none,
    memoryLimit: memoryLimit > 0 ? memoryLimit : none,
  };
}

/** Thousandths of a core that a pod asks for in all. */
export function podCpuRequest(pod: Pod): number {
  const { cpu } = podRequests(pod);
  return cpu ? quantityMilliValue(cpu) : 0;
}

/** The wider of two limits in each respect. */
export function largerLimits(a: CgroupLimits, b: CgroupLimits): CgroupLimits {
  const larger = (x: number, y: number): number => (x === none || y === none ? none : Math.max(x, y));
  return {
    cpuShares: Math.max(a.cpuShares, b.cpuShares),
    cpuQuota: larger(a.cpuQuota, b.cpuQuota),
    memoryLimit: larger(a.memoryLimit, b.memoryLimit),
  };
}

export function sameLimits(a: CgroupLimits, b: CgroupLimits): boolean {
  return a.cpuShares === b.cpuShares && a.cpuQuota === b.cpuQuota && a.memoryLimit === b.memoryLimit;
}

/** Who is killed first when the node runs out of memory: best effort, then the burstable that asked for least, a sidecar not before all others. */
export function oomScoreAdj(pod: Pod, container: Container, capacity: number): number {
  const qos = qosClass(pod);
  if (qos === 'Guaranteed' || Number(podSpec(pod).priority ?? 0) >= systemCritical) return -997;
  if (qos === 'BestEffort') return 1000;
  const unclaimed = unclaimedMemory(pod);
  const scoreOf = ({ resources }: Container): number => {
    const request = resources?.requests?.memory ?? resources?.limits?.memory;
    const own = (request === undefined ? 0 : bytes(request)) + unclaimed;
    return 1000 - Math.floor((1000 * own) / Math.max(capacity, 1));
  };
  const most = isSidecar(container) ? Math.max(...(podSpec(pod).containers ?? []).map(scoreOf)) : 1000;
  const score = Math.min(scoreOf(container), most);
  return Math.min(Math.max(score, 3), 999);
}

/** Bytes that each container of a pod has of what the pod asks for beyond its containers. */
function unclaimedMemory(pod: Pod): number {
  const { overhead: _overhead, resources, ...spec } = podSpec(pod);
  if (resources?.requests?.memory === undefined) return 0;
  const { memory: claimed } = podRequests({ ...pod, spec });
  const left = bytes(resources.requests.memory) - (claimed ? quantityValue(claimed) : 0);
  return Math.floor(left / ((spec.containers ?? []).length + (spec.initContainers ?? []).length));
}

/** The cgroup that holds all of a pod's containers, below the kubelet's root, in the tree Kubernetes makes by QoS. */
export function podCgroup(pod: Pod, root: string): string {
  return cgroupBelow(root, [...tierNames(qosClass(pod)), `pod${pod.metadata?.uid}`]);
}

/** The cgroup of all pods of a class; guaranteed ones stand beside the other classes' cgroups. */
export function tierCgroup(qos: QosClass, root: string): string {
  return cgroupBelow(root, tierNames(qos));
}

function tierNames(qos: QosClass): readonly string[] {
  return qos === 'Guaranteed' ? ['kubepods'] : ['kubepods', qos.toLowerCase()];
}
