import type { ContainerState } from '../cri/types.ts';
import { allContainers, latest, ruleFor } from './containers.ts';
import { crashWait } from './crash.ts';
import type { Plan } from './plan.ts';
import type { StepInput } from './types.ts';

export const restartingCondition = 'AllContainersRestarting';

/** Ended containers of the present sandbox whose end, by their rules, has the whole pod start over. */
function triggers(input: StepInput): readonly ContainerState[] {
  const sandboxId = input.observed.sandboxes[0]?.id;
  return allContainers(input.pod).flatMap(({ container, role }) => {
    const instance = role === 'ephemeral' ? undefined : latest(input.observed, container.name, sandboxId);
    const ended = instance?.phase === 'exited' && ruleFor(container, instance.exitCode)?.action === 'RestartAllContainers';
    return ended ? [instance] : [];
  });
}

/** What of the pod is taken away before it starts over: an ephemeral container never runs again, and is kept. */
function remaining(input: StepInput): readonly ContainerState[] {
  const ephemeral = new Set((input.pod.spec?.ephemeralContainers ?? []).map(({ name }) => name));
  return input.observed.containers.filter(({ name }) => !ephemeral.has(name));
}

/** Whether all containers are being ended, so that the pod starts over in its sandbox, or are about to be. */
export function isRestartingAll(input: StepInput): boolean {
  return triggers(input).length > 0 || (wasRestartingAll(input) && remaining(input).length > 0);
}

/** Whether it was so at the last step: containers that are gone since then were taken away for it. */
export function wasRestartingAll({ pod, memory }: Pick<StepInput, 'pod' | 'memory'>): boolean {
  const before = (memory.status ?? pod.status)?.conditions?.find(({ type }) => type === restartingCondition);
  return before?.status === 'True';
}

/** Milliseconds for which the pod that keeps starting over still goes on as it is. */
function waitOf(input: StepInput, sources: readonly ContainerState[]): number {
  if (wasRestartingAll(input)) return 0;
  return Math.max(0, ...sources.map(({ name, finishedAt }) => crashWait(input.memory.crashes.get(name), finishedAt, input.now)));
}

/** What the condition says of a pod that is not ending; undefined: it can never come to start over. */
export function restartingAll(input: StepInput): boolean | undefined {
  if (!mayRestartAll(input)) return undefined;
  return isRestartingAll(input) && waitOf(input, triggers(input)) === 0;
}

/** Whether a pod can come to start over: only of such is there a condition that tells. */
function mayRestartAll({ pod }: StepInput): boolean {
  return allContainers(pod).some(({ container }) => container.restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'));
}

/**
 * Plans to end all containers at once, without hooks and grace, and to take them away; then the pod starts as it did at first, in the
 * sandbox and with the volumes that it has. What began it goes last, so that no step forgets what it is at. A pod that keeps doing this
 * waits as a crashing container does.
 */
export function planRestartAll(input: StepInput, plan: Plan): void {
  const sources = triggers(input);
  const wait = waitOf(input, sources);
  if (wait > 0) {
    plan.wakeAt.push(input.now + wait);
    return;
  }
  const alive = input.observed.containers.filter(({ phase }) => phase === 'running' || phase === 'unknown');
  for (const { id, name } of alive) {
    const graceSeconds = 0;
    if (input.memory.kills.get(id)?.graceSeconds !== graceSeconds)
      plan.actions.push({ type: 'killContainer', id, name, graceSeconds, message: `Stopping container ${name}` });
  }
  // A start under way may yet bring up a container.
  if (alive.length > 0 || input.memory.operations.has('start')) return;
  const others = remaining(input).filter(({ id }) => sources.every((source) => source.id !== id));
  for (const { id } of others) plan.actions.push({ type: 'removeContainer', id });
  if (others.length > 0) return;
  for (const { id, name } of sources) plan.actions.push({ type: 'removeContainer', id, crashed: name });
}
