import type { ContainerStatus, Pod, PodCondition } from '@keelson/types';
import { isSidecar, podSpec } from './containers.ts';
import { compact, rfc3339 } from './naming.ts';
import type { Phase } from './phase.ts';
import type { ResizeCondition } from './resize.ts';
import { restartingCondition } from './restartall.ts';

type Finding = { readonly status: 'True' | 'False'; readonly reason?: string; readonly message?: string };

const yes: Finding = { status: 'True' };

export interface ConditionInput {
  readonly pod: Pod;
  readonly phase: Phase;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  /** The sandbox runs and has its network. */
  readonly sandboxReady: boolean;
  /** Whether all containers are being ended so that the pod starts over; undefined: it never does. */
  readonly restartingAll: boolean | undefined;
  /** Of the pod's resize, see `resizeConditions`. */
  readonly resize: readonly ResizeCondition[];
  /** Why the node takes the pod away; undefined: it does not. */
  readonly disruption: string | undefined;
  readonly before: readonly PodCondition[];
  readonly now: number;
}

/** The conditions the kubelet owns, in Kubernetes' order; unchanged ones keep the time of their last transition. */
export function podConditions(input: ConditionInput): PodCondition[] {
  const containersReady = findContainersReady(input);
  return [
    stamp(input, 'PodReadyToStartContainers', { status: input.sandboxReady ? 'True' : 'False' }),
    stamp(input, 'Initialized', findInitialized(input)),
    stamp(input, 'Ready', findReady(input, containersReady)),
    stamp(input, 'ContainersReady', containersReady),
    stamp(input, 'PodScheduled', yes),
    ...(input.restartingAll === undefined ? [] : [stamp(input, restartingCondition, findRestarting(input))]),
    ...input.resize.map(({ type, generation, ...finding }) => ({
      ...stamp(input, type, { status: 'True', ...finding }),
      observedGeneration: generation,
    })),
    ...(input.disruption === undefined
      ? []
      : [stamp(input, 'DisruptionTarget', { status: 'True', reason: 'TerminationByKubelet', message: input.disruption })]),
  ];
}

/** All init containers ended well, and sidecars started. */
export function isInitialised(pod: Pod, init: readonly ContainerStatus[]): boolean {
  return incompleteInit(pod, init).length === 0;
}

function incompleteInit(pod: Pod, init: readonly ContainerStatus[]): string[] {
  const containers = podSpec(pod).initContainers ?? [];
  return containers.flatMap((container) => {
    const status = init.find((s) => s.name === container.name);
    const done = isSidecar(container) ? status?.started === true : status?.ready === true;
    return done ? [] : [container.name];
  });
}

function findInitialized({ pod, phase, init, main }: ConditionInput): Finding {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  const begun = main.some((status) => status.state?.running || status.state?.terminated || status.lastState?.terminated);
  const incomplete = begun ? [] : incompleteInit(pod, init);
  if (incomplete.length === 0) return yes;
  return { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${incomplete.join(' ')}]` };
}

function findRestarting({ phase, restartingAll }: ConditionInput): Finding {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  return { status: restartingAll ? 'True' : 'False' };
}

function findContainersReady({ pod, phase, init, main }: ConditionInput): Finding {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = (podSpec(pod).initContainers ?? []).filter(isSidecar);
  const unready = [...sidecars, ...(podSpec(pod).containers ?? [])]
    .filter((container) => ![...init, ...main].find((s) => s.name === container.name)?.ready)
    .map((container) => container.name);
  if (unready.length === 0) return yes;
  return { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
}

function findReady({ pod }: ConditionInput, containersReady: Finding): Finding {
  if (containersReady.status !== 'True') return containersReady;
  const missing = (podSpec(pod).readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = pod.status?.conditions?.find((c) => c.type === conditionType);
    if (!condition) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return condition.status === 'True'
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  return missing.length === 0 ? yes : { status: 'False', reason: 'ReadinessGatesNotReady', message: missing.join(', ') };
}

function stamp(input: ConditionInput, type: string, finding: Finding): PodCondition {
  const before = input.before.find((condition) => condition.type === type);
  const kept = before?.status === finding.status ? before.lastTransitionTime : undefined;
  return compact<PodCondition>({
    type,
    status: finding.status,
    observedGeneration: input.pod.metadata?.generation,
    lastProbeTime: undefined,
    lastTransitionTime: kept ?? rfc3339(input.now),
    reason: finding.reason,
    message: finding.message,
  } as PodCondition);
}
