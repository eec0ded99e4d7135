import type { ContainerStatus, PodStatus } from '@keelson/types';
import { isInitialised, podConditions } from './conditions.ts';
import { allContainers, type ContainerRole, podSpec } from './containers.ts';
import { containerStatus } from './containerstatus.ts';
import { compact, rfc3339 } from './naming.ts';
import { finalStatus, type Phase, phaseOf } from './phase.ts';
import { qosClass } from './qos.ts';
import { resizeConditions } from './resize.ts';
import { isRestartingAll, restartingAll } from './restartall.ts';
import type { StepInput } from './types.ts';
import { verdictOf } from './verdict.ts';

/** The pod's API status as the kubelet reports it. `ending`: the pod is being taken down or has run its course. */
export function podStatus(found: StepInput, ending: boolean): PodStatus {
  const input = withoutUnborn(found);
  return neverRan(input) ? turnedAway(input) : runStatus(input, ending);
}

function runStatus(input: StepInput, ending: boolean): PodStatus {
  const { pod, memory, observed, node, now } = input;
  const before = memory.status ?? pod.status;
  const told = finalStatus(input) ?? before;
  const init = statuses(input, ending, false, ['init', 'sidecar']);
  const initialised = isInitialised(pod, init);
  const main = statuses(input, ending, initialised, ['main']);
  const ephemeral = statuses(input, ending, initialised, ['ephemeral']);
  const phase = reportedPhase(input, init, main, ending);
  const sandbox = observed.sandboxes[0];
  const ips = podIPs(input);
  const verdict = phase === 'Failed' ? verdictOf(input) : undefined;
  const sandboxReady = sandbox?.ready === true && (ips.length > 0 || podSpec(pod).hostNetwork === true);
  return compact<PodStatus>({
    observedGeneration: pod.metadata?.generation,
    phase,
    conditions: podConditions({
      pod,
      phase,
      init,
      main,
      sandboxReady,
      restartingAll: restartingAll(input),
      resize: resizeConditions(input, ending),
      disruption: verdict?.disruption,
      before: before?.conditions ?? [],
      now,
    }),
    message: verdict?.message ?? (phase === told?.phase ? told?.message : undefined),
    reason: verdict?.reason ?? (phase === told?.phase ? told?.reason : undefined),
    hostIP: node.hostIPs[0],
    hostIPs: node.hostIPs.map((ip) => ({ ip })),
    podIP: ips[0],
    podIPs: ips.length > 0 ? ips.map((ip) => ({ ip })) : undefined,
    startTime: before?.startTime ?? rfc3339(now),
    initContainerStatuses: init.length > 0 ? init : undefined,
    containerStatuses: main,
    ephemeralContainerStatuses: ephemeral.length > 0 ? ephemeral : undefined,
    qosClass: before?.qosClass ?? qosClass(pod),
  } as PodStatus);
}

/** A container that a start under way has made does not run yet: what was before it is told until it does, as by Kubernetes. */
function withoutUnborn(input: StepInput): StepInput {
  const { observed, memory } = input;
  if (!memory.operations.has('start')) return input;
  return { ...input, observed: { ...observed, containers: observed.containers.filter(({ phase }) => phase !== 'created') } };
}

/** Turned away by this node, or ended by somebody before any node said a word about its containers. */
function neverRan(input: StepInput): boolean {
  const { observed, memory } = input;
  if (observed.containers.length + observed.sandboxes.length > 0) return false;
  const final = finalStatus(input);
  return memory.verdict?.rejected === true || (final !== undefined && !final.containerStatuses);
}

/** Of a pod that never ran there is nothing to tell but why. */
function turnedAway(input: StepInput): PodStatus {
  const { pod, memory, now } = input;
  const { rejected, reason, message } = memory.verdict ?? {};
  return compact<PodStatus>({
    ...(finalStatus(input) ?? { phase: 'Failed' }),
    ...(rejected ? { reason, message } : {}),
    observedGeneration: pod.metadata?.generation,
    startTime: pod.status?.startTime ?? memory.status?.startTime ?? rfc3339(now),
    qosClass: pod.status?.qosClass ?? qosClass(pod),
  } as PodStatus);
}

function statuses(input: StepInput, ending: boolean, initialised: boolean, roles: readonly ContainerRole[]): ContainerStatus[] {
  const view = { input, ending, initialised };
  return allContainers(input.pod)
    .filter(({ role }) => roles.includes(role))
    .map(({ container, role }) => containerStatus(view, container, role));
}

/** The sandbox's addresses; the node's for host network; what was reported while the sandbox is gone. */
function podIPs({ pod, observed, node, memory }: StepInput): readonly string[] {
  const [sandbox] = observed.sandboxes;
  if (podSpec(pod).hostNetwork) return sandbox ? node.hostIPs : [];
  if (sandbox && sandbox.ips.length > 0) return sandbox.ips;
  const before = memory.status ?? pod.status;
  return sandbox ? (before?.podIPs ?? []).map(({ ip }) => ip ?? '') : [];
}

/** A pod is not reported as ended while one of its containers may still run: others would reuse what it holds. */
function reportedPhase(input: StepInput, init: readonly ContainerStatus[], main: readonly ContainerStatus[], ending: boolean): Phase {
  const told = finalStatus(input);
  if (told) return told.phase;
  const verdict = verdictOf(input);
  if (!ending && isRestartingAll(input)) return (input.memory.status ?? input.pod.status)?.phase === 'Running' ? 'Running' : 'Pending';
  const computed = verdict ? 'Failed' : phaseOf(input.pod, init, main, ending);
  const final = computed === 'Succeeded' || computed === 'Failed';
  const busy =
    input.observed.containers.some((c) => c.phase === 'running' || c.phase === 'unknown') ||
    (ending && input.memory.operations.has('start'));
  if (final && busy)
    return main.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated) ? 'Running' : 'Pending';
  if (ending && !final && !busy) return 'Failed';
  return computed;
}
