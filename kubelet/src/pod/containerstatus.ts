import type { Container, ContainerState, ContainerStateTerminated, ContainerStatus } from '@keelson/types';
import type { ContainerState as Instance } from '../cri/types.ts';
import { isAnother, isComingBack, shownMeanwhile, wasStopped } from './comeback.ts';
import { allContainers, type ContainerRole, latest, podSpec, shouldRestart } from './containers.ts';
import { crashWait, goSeconds } from './crash.ts';
import { compact, podLabel, rfc3339 } from './naming.ts';
import { actualResources } from './resize.ts';
import { wasRestartingAll } from './restartall.ts';
import type { StepInput } from './types.ts';

/** Which way the pod is going: waiting and restart reasons are only shown while it is to run. */
export interface StatusView {
  readonly input: StepInput;
  readonly ending: boolean;
  /** Init containers have all done their part. */
  readonly initialised: boolean;
}

/** The API status of one container from its newest instance, the one before it, and what was last reported. */
export function containerStatus(view: StatusView, container: Container, role: ContainerRole): ContainerStatus {
  const { input } = view;
  const before = reported(input, container.name);
  const instance = latest(input.observed, container.name);
  const meanwhile = view.ending ? undefined : shownMeanwhile(input, container, role, instance, before);
  if (meanwhile) return meanwhile;
  const state = currentState(view, container, role, instance, before);
  const last = lastState(input, instance, state, before);
  const running = state.running !== undefined;
  // Of one that has ended and was removed since.
  const ended = !instance && before?.state?.terminated ? before : undefined;
  const started = running && isStarted(input, container, instance, before);
  return compact<ContainerStatus>({
    name: container.name,
    state: withinBounds(input, state),
    lastState: withinBounds(input, last),
    ready: role === 'init' ? state.terminated?.exitCode === 0 : started && isReady(input, container, instance, before),
    restartCount: instance?.attempt ?? before?.restartCount ?? 0,
    // A runtime that only knows the image by its id says nothing a reader could use.
    image: instance && !instance.image.startsWith('sha256:') ? instance.image : (container.image ?? ''),
    imageID: instance?.imageRef ?? before?.imageID ?? '',
    containerID: instance ? `containerd://${instance.id}` : before?.containerID,
    started: role === 'ephemeral' ? undefined : started,
    allocatedResources: instance ? container.resources?.requests : ended?.allocatedResources,
    resources: instance && role !== 'ephemeral' ? shownResources(input, container, instance) : ended?.resources,
    volumeMounts: volumeMounts(container),
    allocatedResourcesStatus: role === 'main' ? deviceHealth(input, container, before) : undefined,
  });
}

/** Of one that has given its devices back, how they were stays to be read. */
function deviceHealth(
  { devices }: StepInput,
  { name }: Container,
  before: ContainerStatus | undefined,
): ContainerStatus['allocatedResourcesStatus'] {
  const known = devices?.get(name);
  return known ? [...known] : before?.allocatedResourcesStatus;
}

/** Bytes of termination messages that one pod's status holds, shared out equally among its containers. */
const messageBytes = 12_288;

function withinBounds({ pod }: StepInput, state: ContainerState): ContainerState {
  const message = state.terminated?.message;
  const most = Math.floor(messageBytes / allContainers(pod).length);
  // A code unit takes three bytes at most.
  if (message === undefined || message.length * 3 <= most) return state;
  const bytes = new TextEncoder().encode(message);
  if (bytes.length <= most) return state;
  const start = new TextDecoder().decode(bytes.subarray(0, most), { stream: true });
  return { ...state, terminated: { ...state.terminated, message: start } } as ContainerState;
}

/** What a container runs with; where it does not run, what it will. */
function shownResources(input: StepInput, container: Container, instance: Instance): ContainerStatus['resources'] {
  return instance.phase === 'running' ? actualResources(input, container, instance) : (container.resources ?? {});
}

function volumeMounts(container: Container): ContainerStatus['volumeMounts'] {
  if (!container.volumeMounts?.length) return undefined;
  return container.volumeMounts.map((mount) =>
    compact({
      name: mount.name,
      mountPath: mount.mountPath,
      readOnly: mount.readOnly || undefined,
      recursiveReadOnly: mount.readOnly ? 'Disabled' : undefined,
    }),
  ) as ContainerStatus['volumeMounts'];
}

function reported(input: StepInput, name: string): ContainerStatus | undefined {
  const status = input.memory.status ?? input.pod.status;
  const all = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  return all.find((s) => s.name === name);
}

/** True at once without a startup probe; a container seen running before this kubelet keeps what was reported of it until its probe speaks. */
function isStarted(input: StepInput, container: Container, instance: Instance | undefined, before: ContainerStatus | undefined): boolean {
  if (!container.startupProbe) return true;
  const reading = instance && input.probes.get(instance.id)?.started;
  return reading ?? (before?.containerID === `containerd://${instance?.id}` && before?.started === true);
}

function isReady(input: StepInput, container: Container, instance: Instance | undefined, before: ContainerStatus | undefined): boolean {
  if (!container.readinessProbe) return true;
  const reading = instance && input.probes.get(instance.id)?.ready;
  return reading ?? (before?.containerID === `containerd://${instance?.id}` && before?.ready === true);
}

function currentState(
  view: StatusView,
  container: Container,
  role: ContainerRole,
  instance: Instance | undefined,
  before: ContainerStatus | undefined,
): ContainerState {
  const { input } = view;
  if (instance?.phase === 'running') return { running: { startedAt: rfc3339(instance.startedAt) } } as ContainerState;
  const ended = instance?.phase === 'exited' ? instance : undefined;
  const returns = ended !== undefined && !view.ending && isComingBack(input.memory, ended);
  if (returns && !input.memory.failures.has(container.name)) return { waiting: { reason: 'ContainerCreating' } } as ContainerState;
  if (ended && !returns && (view.ending || !shouldRestart(input.pod, container, role, ended.exitCode)))
    return { terminated: terminated(ended) } as ContainerState;
  const waiting = view.ending ? undefined : waitingReason(input, container, role, ended);
  if (waiting) return { waiting } as ContainerState;
  if (ended) return { terminated: terminated(ended) } as ContainerState;
  const over = !view.ending && role !== 'ephemeral' && wasRestartingAll(input);
  if (before?.state?.terminated && !over) return before.state;
  if (!over && (before?.state?.running || (view.ending && !isStarting(input) && hadItsTurn(view, container, role))))
    return lost(view, before);
  // Kubernetes says so of every container that never ran, also once all others are done.
  const reason = (podSpec(input.pod).initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';
  return { waiting: { reason } } as ContainerState;
}

function waitingReason(
  input: StepInput,
  container: Container,
  role: ContainerRole,
  ended: Instance | undefined,
): { reason: string; message: string } | undefined {
  const entry = input.memory.crashes.get(container.name);
  if (
    ended &&
    entry &&
    !isAnother(container, role, ended) &&
    crashWait(entry, ended.finishedAt, input.now, wasStopped(input.memory, ended)) > 0
  ) {
    const message = `back-off ${goSeconds(entry.delay)} restarting failed container=${container.name} pod=${podLabel(input.pod)}`;
    return { reason: 'CrashLoopBackOff', message };
  }
  const failure = input.memory.failures.get(container.name);
  return failure && { reason: failure.reason, message: failure.message };
}

/** What starts may be there any moment, and then it runs: until that is over, nobody can say that it has ended. */
function isStarting({ memory }: StepInput): boolean {
  return memory.operations.has('start');
}

/**
 * Whether a container of a pod that ends must have been started: a main one once the pod was initialised, an init container when a later
 * one left a trace. Others are shown as still waiting, as by Kubernetes.
 */
function hadItsTurn({ input, initialised }: StatusView, container: Container, role: ContainerRole): boolean {
  if (role === 'main') return initialised;
  if (role === 'ephemeral') return true;
  const names = (podSpec(input.pod).initContainers ?? []).map(({ name }) => name);
  const later = names.slice(names.indexOf(container.name));
  return later.some((name) => latest(input.observed, name) !== undefined || Boolean(reported(input, name)?.containerID));
}

/** A container that was reported and that the runtime does not have: how it ended nobody can say. */
function lost(view: StatusView, before: ContainerStatus | undefined): ContainerState {
  const ended = {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: view.ending
      ? 'The container could not be located when the pod was terminated'
      : 'The container could not be located when the pod was deleted.  The container used to be Running',
  };
  const final = view.ending || podSpec(view.input.pod).restartPolicy === 'Never';
  if (final || !before) return { terminated: ended } as ContainerState;
  return { waiting: { reason: 'ContainerCreating' } } as ContainerState;
}

function terminated(instance: Instance): ContainerStateTerminated {
  return compact<ContainerStateTerminated>({
    exitCode: instance.exitCode,
    signal: undefined,
    reason: instance.reason || (instance.exitCode === 0 ? 'Completed' : 'Error'),
    message: instance.message || undefined,
    startedAt: rfc3339(instance.startedAt),
    finishedAt: rfc3339(instance.finishedAt),
    containerID: `containerd://${instance.id}`,
  } as ContainerStateTerminated);
}

/** How the container ended before its present state: its ended instance while it waits, else the instance before, else what was reported. */
function lastState(
  input: StepInput,
  instance: Instance | undefined,
  state: ContainerState,
  before: ContainerStatus | undefined,
): ContainerState {
  if (instance?.phase === 'exited' && !state.terminated) return { terminated: terminated(instance) } as ContainerState;
  const earlier = input.observed.containers.find((c) => c.name === instance?.name && c.id !== instance.id && c.phase === 'exited');
  if (earlier) return { terminated: terminated(earlier) } as ContainerState;
  if (!instance && before?.state?.terminated && !state.terminated) return { terminated: before.state.terminated } as ContainerState;
  if (!instance && before?.state?.running && !state.terminated) {
    const message = 'The container could not be located when the pod was deleted.  The container used to be Running';
    return { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message } } as ContainerState;
  }
  return before?.lastState ?? ({} as ContainerState);
}
