import type { Container, ContainerStatus } from '@keelson/types';
import type { ContainerState } from '../cri/types.ts';
import { annotations, containerHash } from './annotations.ts';
import type { ContainerRole, PodMemory, StepInput } from './types.ts';

/** Whether a container has ended only to come back at once, as another or with other resources: it does so whatever its restart policy. */
export function isComingBack(memory: PodMemory, instance: ContainerState): boolean {
  return instance.phase === 'exited' && memory.kills.get(instance.id)?.restart !== undefined;
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
  { memory }: StepInput,
  container: Container,
  instance: ContainerState | undefined,
  before: ContainerStatus | undefined,
): ContainerStatus | undefined {
  if (!before?.state?.running || before.containerID !== `containerd://${instance?.id}`) return undefined;
  if (!instance || !isComingBack(memory, instance) || memory.failures.has(container.name)) return undefined;
  return container.readinessProbe ? { ...before, ready: false } : before;
}
