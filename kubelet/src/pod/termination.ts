import type { ContainerState } from '../cri/types.ts';
import { isSidecar, podSpec } from './containers.ts';
import { emptyPlan, mayTry, type Plan } from './plan.ts';
import type { StepInput } from './types.ts';
import { verdictOf } from './verdict.ts';

/** Kubernetes always leaves a container this long between SIGTERM and SIGKILL, unless the grace period is zero. */
export const minimumGraceSeconds = 2;

/** Seconds the pod's containers have to end: the deletion's, the verdict's, the shorter of both, or the spec's. */
export function killGrace(input: StepInput): number {
  const asked = input.pod.metadata?.deletionGracePeriodSeconds;
  if (input.removed) return Number(asked ?? 1);
  const granted = verdictOf(input)?.graceSeconds;
  if (asked !== undefined && asked !== null) return Math.min(Number(asked), granted ?? Number.POSITIVE_INFINITY);
  return granted ?? Number(podSpec(input.pod).terminationGracePeriodSeconds ?? 30);
}

/**
 * The next actions for a pod that is to end: stop the containers, sidecars last and in reverse order, then the sandboxes, then take
 * the volumes down, then (if it was deleted) release the API object.
 */
export function planTermination(input: StepInput): Plan {
  const plan = emptyPlan();
  const alive = input.observed.containers.filter((c) => c.phase === 'running' || c.phase === 'unknown');
  if (alive.length > 0) {
    for (const instance of nextToKill(input, alive)) planKill(input, instance, plan);
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

/** Main and plain init containers at once; when none is left, the last sidecar; when the grace is used up, all. */
function nextToKill(input: StepInput, alive: readonly ContainerState[]): readonly ContainerState[] {
  const order = (podSpec(input.pod).initContainers ?? []).filter(isSidecar).map((container) => container.name);
  const others = alive.filter((instance) => !order.includes(instance.name));
  if (others.length === alive.length || graceLeft(input) <= 0) return alive;
  if (others.length > 0) return others;
  const last = order.findLast((name) => alive.some((instance) => instance.name === name));
  return alive.filter((instance) => instance.name === last);
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
  });
}
