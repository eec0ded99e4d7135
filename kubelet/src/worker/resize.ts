import { errorMessage } from '@keelson/base';
import { bytes } from '../config/quantity.ts';
import { type CgroupLimits, changedLinuxResources, podCgroup } from '../config/resources.ts';
import { generationOf, resizeFailed } from '../pod/resize.ts';
import type { Action, ContainerResize } from '../pod/types.ts';
import { saveAllocation } from './allocations.ts';
import type { WorkerDeps } from './deps.ts';
import type { PodRecord } from './record.ts';

type ResizeAction = Extract<Action, { type: 'resizePod' }>;

/** How long a resize that failed stands before the next try. */
const retryAfter = 10_000;

/**
 * Gives containers, and their pod's cgroup around them, what is set aside for them. Never rejects: why it could not be done is remembered
 * as the pod's failure to resize and told once.
 */
export async function resizePod(deps: WorkerDeps, record: PodRecord, action: ResizeAction): Promise<void> {
  try {
    await refuseBelowUsage(deps, record, action);
    if (action.raised) await setCgroup(deps, record, action.raised);
    for (const { id, container } of action.containers) {
      await deps.runtime.updateResources(id, changedLinuxResources(record.pod, container, deps.node.settings.memoryBytes));
      record.actuated.set(id, container.resources ?? {});
    }
    if (action.settled) await setCgroup(deps, record, action.settled);
    record.failures.delete('/resize');
  } catch (error) {
    const message = errorMessage(error);
    const known = record.failures.has('/resize');
    record.failures.set('/resize', { reason: 'Error', message, retryAt: deps.clock.now() + retryAfter });
    const told = resizeFailed(record.pod, generationOf({ pod: record.pod, memory: record }), message);
    if (!known) deps.event(record.pod, 'Warning', 'ResizeError', told);
  }
  if (action.containers.length > 0) await saveAllocation(deps, record);
}

/** Gives the pod's cgroup what it may use, and remembers it. @throws when the kernel refuses it. */
export async function setCgroup(deps: WorkerDeps, record: PodRecord, limits: CgroupLimits): Promise<void> {
  await deps.node.cgroups.set(podCgroup(record.pod, deps.node.settings.cgroupRoot), limits);
  record.cgroup = limits;
}

/** A limit below what is in use would have the kernel kill what uses it. @throws with Kubernetes' words. */
async function refuseBelowUsage(deps: WorkerDeps, record: PodRecord, { containers, settled }: ResizeAction): Promise<void> {
  const { cgroups, settings } = deps.node;
  const cgroup = podCgroup(record.pod, settings.cgroupRoot);
  const problems: string[] = [];
  const check = async (what: string, limit: number, path: string): Promise<void> => {
    const usage = await cgroups.memoryUsage(path);
    if (usage !== undefined && usage > limit)
      problems.push(`attempting to set ${what} memory limit (${limit}) below current usage (${usage})`);
  };
  if (settled && record.cgroup && decreases(record.cgroup.memoryLimit, settled.memoryLimit))
    await check('pod', settled.memoryLimit, cgroup);
  for (const each of containers) {
    const [before, after] = memoryLimits(each);
    if (decreases(before, after)) await check(`container ${JSON.stringify(each.container.name)}`, after, `${cgroup}/${each.id}`);
  }
  if (problems.length > 0)
    throw new Error(`cannot decrease memory limits: ${problems.length > 1 ? `[${problems.join(', ')}]` : problems[0]}`);
}

function memoryLimits({ from, container }: ContainerResize): readonly [number, number] {
  const limit = (amount: string | number | undefined): number => (amount === undefined ? -1 : bytes(amount));
  return [limit(from.limits?.memory), limit(container.resources?.limits?.memory)];
}

/** -1 is no limit. */
function decreases(before: number, after: number): boolean {
  return after >= 0 && (before < 0 || after < before);
}
