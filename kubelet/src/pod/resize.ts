import type { Container, Pod, PodSpec, ResourceRequirements } from '@keelson/types';
import { largerLimits, podCgroupLimits, sameLimits, unlimited } from '../config/resources.ts';
import type { ContainerState } from '../cri/types.ts';
import { type Allocation, changedResources, type PendingResize } from './allocation.ts';
import { annotations } from './annotations.ts';
import { allContainers, latest, podSpec } from './containers.ts';
import { mayTry, type Plan } from './plan.ts';
import type { ContainerResize, StepEvent, StepInput } from './types.ts';

/** The resources a container runs with: those of its last update, else those it was made with. */
export function actualResources(
  { memory }: Pick<StepInput, 'memory'>,
  container: Container,
  instance: ContainerState,
): ResourceRequirements {
  return memory.actuated.get(instance.id) ?? madeWith(instance) ?? container.resources ?? {};
}

/** The resources a container was made with; undefined when another kubelet made it. */
export function madeWith(instance: Pick<ContainerState, 'annotations'>): ResourceRequirements | undefined {
  const text = instance.annotations[annotations.resources];
  return text === undefined ? undefined : (JSON.parse(text) as ResourceRequirements);
}

/** Running containers that do not have their resources yet. */
export function unevenContainers(input: StepInput): readonly ContainerResize[] {
  return allContainers(input.pod).flatMap(({ container, role }) => {
    const instance = role === 'ephemeral' ? undefined : latest(input.observed, container.name);
    if (instance?.phase !== 'running') return [];
    const from = actualResources(input, container, instance);
    return changedResources(from, container.resources).length > 0 ? [{ id: instance.id, container, from }] : [];
  });
}

/** Whether the change is one for which the container's `resizePolicy` says `RestartContainer`; unsaid, it is `NotRequired`. */
export function needsRestart({ container, from }: ContainerResize): boolean {
  return changedResources(from, container.resources).some((name) =>
    container.resizePolicy?.some((policy) => policy.resourceName === name && policy.restartPolicy === 'RestartContainer'),
  );
}

/**
 * Plans to give the pod's cgroup and the containers in it what is set aside for them. The cgroup is raised before its containers are, and
 * lowered after: a kernel with cgroup v1 lets no container have more CPU than its pod.
 */
export function planResize(input: StepInput, plan: Plan): void {
  const uneven = unevenContainers(input);
  const containers = uneven.filter((each) => !needsRestart(each));
  const wanted = podCgroupLimits(input.pod);
  const actual = input.memory.cgroup;
  // A container that still runs with what it had, or is being made with it, must fit in.
  const held = containers.length < uneven.length || input.memory.operations.has('start');
  const settled = held ? actual && largerLimits(actual, wanted) : wanted;
  const changed = settled !== undefined && (actual === undefined || !sameLimits(actual, settled));
  if ((containers.length === 0 && !changed) || !mayTry(input, '/resize', plan)) return;
  const raised = containers.length === 0 ? undefined : actual ? largerLimits(actual, wanted) : { ...wanted, ...unlimited };
  plan.actions.push({ type: 'resizePod', containers, raised, settled });
}

/** Whether containers must wait with starting: their pod's cgroup is about to change. */
export function isResizing(input: StepInput, plan: Plan): boolean {
  return input.memory.operations.has('resize') || plan.actions.some((action) => action.type === 'resizePod');
}

/** Whether something of what is set aside for the pod is not in force yet. */
export function isResizeInProgress(input: StepInput): boolean {
  const { cgroup } = input.memory;
  if (cgroup && !sameLimits(cgroup, podCgroupLimits(input.pod))) return true;
  const restarting = allContainers(input.pod).some(({ container }) => {
    const instance = latest(input.observed, container.name);
    return instance?.phase === 'exited' && input.memory.kills.get(instance.id)?.restart === 'resized';
  });
  return restarting || unevenContainers(input).length > 0;
}

/** A condition that is there while it is true. */
export interface ResizeCondition {
  readonly type: 'PodResizePending' | 'PodResizeInProgress';
  readonly reason?: string;
  readonly message?: string;
  readonly generation: number;
}

export function resizeConditions(input: StepInput, ending: boolean): ResizeCondition[] {
  if (ending) return [];
  const { pending, failures } = input.memory;
  const found: ResizeCondition[] = pending ? [{ type: 'PodResizePending', ...pending }] : [];
  if (!isResizeInProgress(input)) return found;
  const failure = failures.get('/resize');
  const error = failure && { reason: failure.reason, message: failure.message };
  return [...found, { type: 'PodResizeInProgress', ...error, generation: generationOf(input) }];
}

/** Told once when what was in progress before is so no more. */
export function resizeEvents(input: StepInput, ending: boolean): StepEvent[] {
  const before = (input.memory.status ?? input.pod.status)?.conditions?.find(({ type }) => type === 'PodResizeInProgress');
  if (ending || !before || isResizeInProgress(input)) return [];
  const generation = generationOf(input);
  const message = `Pod resize completed: ${summary(input.pod, generation)}`;
  return [{ type: 'Normal', reason: 'ResizeCompleted', message, key: `ResizeCompleted/${generation}` }];
}

export function resizeStarted(desired: Pod, { generation }: Allocation): string {
  return `Pod resize started: ${summary(desired, generation)}`;
}

export function resizePending(desired: Pod, { reason, message, generation }: PendingResize): string {
  return `Pod resize ${reason}: ${summary(desired, generation, message)}`;
}

export function resizeFailed(pod: Pod, generation: number, error: string): string {
  return `Pod resize error: ${summary(pod, generation, error)}`;
}

/** Of the spec whose resources are being given to the pod. */
export function generationOf({ pod, memory }: Pick<StepInput, 'pod' | 'memory'>): number {
  return memory.allocation?.generation ?? pod.metadata?.generation ?? 0;
}

/** The pod's resources as JSON, members in the order in which Kubernetes writes them. */
function summary(pod: Pod, generation: number, error?: string): string {
  const list = (members: PodSpec['containers'] | undefined): object[] | undefined =>
    members?.length ? members.map(({ name, resources }) => ({ name, resources: ordered(resources) })) : undefined;
  const { initContainers, containers } = podSpec(pod);
  return JSON.stringify({ initContainers: list(initContainers), containers: list(containers), generation, error });
}

function ordered(resources: ResourceRequirements | undefined): object {
  const sorted = (amounts: ResourceRequirements['limits']): object | undefined => {
    const entries = Object.entries(amounts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length > 0 ? Object.fromEntries(entries) : undefined;
  };
  return { limits: sorted(resources?.limits), requests: sorted(resources?.requests) };
}
