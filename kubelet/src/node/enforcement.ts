import { type Clock, errorMessage, sleep } from '@keelson/base';
import { cgroupBelow } from '../config/cgroup-names.ts';
import { type CgroupLimits, shares, tierCgroup, unlimited } from '../config/resources.ts';
import type { KubeletDeps } from '../deps.ts';
import type { Cgroups } from '../worker/cgroups.ts';
import type { MachineFacts } from './facts.ts';
import { nothingReserved, type Reserved } from './reserved.ts';

export interface Enforcement {
  readonly clock: Clock;
  readonly cgroups: Cgroups;
  readonly cgroupRoot: string;
  readonly limits: CgroupLimits;
  /** An event of the node. */
  tell(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

const retryEvery = 60_000;

/** Bounds the pods of a kubelet that has cgroups and is told to. Resolves when that is done, or the signal aborts. */
export async function boundPods({ cgroups, clock, config, events, machine }: KubeletDeps, signal: AbortSignal): Promise<void> {
  if (!cgroups || !config.enforceAllocatable) return;
  const { name, reserved } = config.node;
  // The kubelet's events about its node give the name for the uid, as upstream.
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name } };
  const tell: Enforcement['tell'] = (type, reason, message) => events.event(node, type, reason, message);
  const limits = limitsOfPods(machine, reserved ?? nothingReserved);
  await enforceAllocatable({ clock, cgroups, cgroupRoot: config.cgroupRoot, limits, tell }, signal);
}

/** What all pods may use together: the machine but for what is reserved. The eviction threshold is theirs: eviction sets in before it. */
export function limitsOfPods({ cpus, memoryBytes }: Pick<MachineFacts, 'cpus' | 'memoryBytes'>, reserved: Reserved): CgroupLimits {
  const milliCpu = Math.max(cpus * 1000 - reserved.milliCpu, 0);
  return { ...unlimited, cpuShares: shares(milliCpu), memoryLimit: Math.max(memoryBytes - reserved.memoryBytes, 0) };
}

/**
 * Gives the cgroup of all pods its limits, as upstream's `enforceNodeAllocatable: [pods]`: the weight of the node's CPUs against whatever
 * else runs, and its memory. A root that is not there yet is made with the same; one that somebody else made keeps its own.
 * Tries every minute until it comes true or the signal aborts. Never rejects.
 */
export async function enforceAllocatable(how: Enforcement, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await enforced(how))) await sleep(how.clock, retryEvery, signal).catch(() => undefined);
}

async function enforced({ cgroups, cgroupRoot, limits, tell }: Enforcement): Promise<boolean> {
  const [root, pods] = [cgroupBelow(cgroupRoot, []), tierCgroup('Guaranteed', cgroupRoot)];
  try {
    if (root !== '' && (await cgroups.memoryUsage(root)) === undefined) await cgroups.set(root, limits);
    await cgroups.set(pods, limits);
    tell('Normal', 'NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods');
    return true;
  } catch (error) {
    tell(
      'Warning',
      'FailedNodeAllocatableEnforcement',
      `Failed to update Node Allocatable Limits ${JSON.stringify(pods)}: ${errorMessage(error)}`,
    );
    return false;
  }
}
