import type { Container, ContainerStatus } from '@keelson/types';
import type { ContainerState } from '../cri/types.ts';
import { annotations, containerHash } from './annotations.ts';
import { type ContainerRole, shouldRestart } from './containers.ts';
import { crashWait } from './crash.ts';
import type { PodMemory, StepInput } from './types.ts';

/** Whether a container has ended only to come back at once, as another or with other resources: it does so whatever its restart policy. */
export function isComingBack(memory: PodMemory, instance: ContainerState): boolean {
  return instance.phase === 'exited' && memory.kills.get(instance.id)?.restart !== undefined;
}

/** Whether the kubelet ended a container itself, for its probe, and its restart policy may have it back. */
export function wasStopped(memory: PodMemory, instance: ContainerState): boolean {
  const kill = memory.kills.get(instance.id);
  return instance.phase === 'exited' && kill !== undefined && kill.restart === undefined;
}

/** Whether a container that was stopped for its probe starts again at once. */
function restartsAtOnce({ pod, memory, now }: StepInput, container: Container, role: ContainerRole, instance: ContainerState): boolean {
  if (!wasStopped(memory, instance) || !shouldRestart(pod, container, role, instance.exitCode)) return false;
  return crashWait(memory.crashes.get(container.name), instance.finishedAt, now, true) === 0;
}

/** Whether an instance was made from another definition of its container; ephemeral ones never change. */
export function isAnother(container: Container, role: ContainerRole, instance: ContainerState): boolean {
  const hash = instance.annotations[annotations.hash];
  return role !== 'ephemeral' && hash !== undefined && hash !== containerHash(container);
}

/**
 * What was last reported of a container that is coming back: it stands until the container has, or cannot. Kubernetes ends and starts it in
 * one go and reports nothing in between. `instance`: its newest.
 */
export function shownMeanwhile(
  input: StepInput,
  container: Container,
  role: ContainerRole,
  instance: ContainerState | undefined,
  before: ContainerStatus | undefined,
): ContainerStatus | undefined {
  if (!before?.state?.running || before.containerID !== `containerd://${instance?.id}`) return undefined;
  if (!instance || input.memory.failures.has(container.name)) return undefined;
  if (!isComingBack(input.memory, instance) && !restartsAtOnce(input, container, role, instance)) return undefined;
  return container.readinessProbe ? { ...before, ready: false } : before;
}
