import type { Pod } from '@keelson/types';
import type { ContainerState } from '../cri/types.ts';
import { isStatic } from './annotations.ts';
import { isSidecar, type PodObservation, podSpec } from './containers.ts';
import { emptyPlan, mayTry, type Plan } from './plan.ts';
import type { StepInput } from './types.ts';
import { verdictOf } from './verdict.ts';

/** Kubernetes always leaves a container this long between SIGTERM and SIGKILL, unless the grace period is zero. */
export const minimumGraceSeconds = 2;

/** Seconds the pod's containers have to end: the deletion's, the verdict's, the shorter of both, or the spec's. */
export function killGrace(input: StepInput): number {
  const asked = input.pod.metadata?.deletionGracePeriodSeconds;
  const own = Number(podSpec(input.pod).terminationGracePeriodSeconds ?? 30);
  // A manifest that is gone says nothing of haste.
  if (input.removed) return Number(asked ?? (isStatic(input.pod) ? own : 1));
  const granted = verdictOf(input)?.graceSeconds;
  if (asked !== undefined && asked !== null) return Math.min(Number(asked), granted ?? Number.POSITIVE_INFINITY);
  return granted ?? own;
}

/**
 * The next actions for a pod that is to end: stop the containers, each of which waits for its turn, then the sandboxes, then take the
 * volumes down, then (if it was deleted) release the API object.
 */
export function planTermination(input: StepInput): Plan {
  const plan = emptyPlan();
  const alive = input.observed.containers.filter((c) => c.phase === 'running' || c.phase === 'unknown');
  if (alive.length > 0) {
    for (const instance of alive) planKill(input, instance, plan);
    return plan;
  }
  // A start under way sees that it was called off and leaves nothing behind; only then is the sandbox taken away.
  if (input.memory.operations.has('start')) return plan;
  for (const sandbox of input.observed.sandboxes) if (sandbox.ready) plan.actions.push({ type: 'stopSandbox', id: sandbox.id });
  if (plan.actions.length > 0) return plan;
  if (input.memory.volumesHeld) plan.actions.push({ type: 'unmountVolumes' });
  else if (input.pod.metadata?.deletionTimestamp && !input.removed && mayTry(input, '/delete', plan))
    plan.actions.push({ type: 'deletePod' });
  return plan;
}

/** Whether a container of a pod that ends may have its SIGTERM: main and plain init containers at once, then sidecars, the last one first. */
export function isItsTurn(pod: Pod, { containers }: PodObservation, name: string): boolean {
  const order = (podSpec(pod).initContainers ?? []).filter(isSidecar).map((container) => container.name);
  const place = order.indexOf(name);
  if (place < 0) return true;
  const alive = containers.filter((each) => each.phase === 'running' || each.phase === 'unknown');
  return alive.every((each) => order.includes(each.name) && order.indexOf(each.name) <= place);
}

/** Seconds of grace not yet spent since the first container was told to stop. */
function graceLeft(input: StepInput): number {
  const since = Math.min(...[...input.memory.kills.values()].map((kill) => kill.at), input.now);
  return killGrace(input) - Math.floor((input.now - since) / 1000);
}

function planKill(input: StepInput, instance: ContainerState, plan: Plan): void {
  const before = input.memory.kills.get(instance.id);
  const grace = killGrace(input);
  // Asked again with less grace (a second, impatient delete): the shorter one holds.
  if (before && before.graceSeconds <= (grace === 0 ? 0 : Math.max(grace, minimumGraceSeconds))) {
    plan.wakeAt.push(before.at + (grace + minimumGraceSeconds) * 1000);
    return;
  }
  const graceSeconds = before ? grace : grace === 0 ? 0 : Math.max(graceLeft(input), minimumGraceSeconds);
  plan.actions.push({
    type: 'killContainer',
    id: instance.id,
    name: instance.name,
    graceSeconds,
    message: `Stopping container ${instance.name}`,
    inTurn: true,
  });
}
