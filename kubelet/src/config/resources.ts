import type { Container, Pod } from '@keelson/types';
import type { LinuxResources } from '../cri/types.ts';
import { podSpec } from '../pod/containers.ts';
import { qosClass } from '../pod/qos.ts';
import { bytes, milliCpu } from './quantity.ts';

const period = 100_000;

/** Priority from which on a pod is as hard to kill as the node's own daemons. */
const systemCritical = 2_000_000_000;

/** Requests and limits as cgroup numbers, rounded as Kubernetes does. `capacity`: the node's memory in bytes. */
export function linuxResources(pod: Pod, container: Container, capacity: number): LinuxResources {
  const limits = container.resources?.limits;
  const requests = container.resources?.requests;
  const cpuLimit = limits?.cpu === undefined ? 0 : milliCpu(limits.cpu);
  const cpuRequest = requests?.cpu === undefined ? cpuLimit : milliCpu(requests.cpu);
  return {
    cpuPeriod: period,
    cpuQuota: cpuLimit === 0 ? 0 : Math.max(Math.floor((cpuLimit * period) / 1000), 1000),
    cpuShares: Math.min(Math.max(Math.floor((cpuRequest * 1024) / 1000), 2), 262_144),
    memoryLimit: limits?.memory === undefined ? 0 : bytes(limits.memory),
    oomScoreAdj: oomScoreAdj(pod, container, capacity),
  };
}

/** Who is killed first when the node runs out of memory: best effort, then the burstable that asked for least. */
export function oomScoreAdj(pod: Pod, container: Container, capacity: number): number {
  const qos = qosClass(pod);
  if (qos === 'Guaranteed' || Number(podSpec(pod).priority ?? 0) >= systemCritical) return -997;
  if (qos === 'BestEffort') return 1000;
  const request = container.resources?.requests?.memory ?? container.resources?.limits?.memory;
  const score = 1000 - Math.floor((1000 * (request === undefined ? 0 : bytes(request))) / Math.max(capacity, 1));
  return Math.min(Math.max(score, 3), 999);
}

/** The cgroup that holds all of a pod's containers, below the kubelet's root, in the tree Kubernetes makes by QoS. */
export function podCgroup(pod: Pod, root: string): string {
  const qos = qosClass(pod);
  const tier = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`;
  return `${root === '/' ? '' : root}/kubepods${tier}/pod${pod.metadata?.uid}`;
}
