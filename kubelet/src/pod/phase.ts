import type { ContainerStatus, Pod, PodStatus } from '@keelson/types';
import { isSidecar, podSpec, shouldRestart } from './containers.ts';
import type { PodMemory } from './types.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

interface Tally {
  running: number;
  /** Ended, or waiting to be restarted after having ended. */
  ended: number;
  succeeded: number;
  /** Never ran. */
  waiting: number;
}

/**
 * The status that said the pod has ended, if any did: the API's, which others may have written and all have seen, before our own. Such a
 * phase is final, whatever becomes of the containers afterwards.
 */
export function finalStatus({
  pod,
  memory,
}: {
  readonly pod: Pod;
  readonly memory: Pick<PodMemory, 'status'>;
}): (PodStatus & { readonly phase: Phase }) | undefined {
  const found = [pod.status, memory.status].find((status) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
  return found as (PodStatus & { readonly phase: Phase }) | undefined;
}

/**
 * The phase that container statuses add up to, as Kubernetes' `getPhase`. `ending`: nothing will be started any more, so ended
 * containers count as final whatever the restart policy.
 */
export function phaseOf(pod: Pod, init: readonly ContainerStatus[], main: readonly ContainerStatus[], ending: boolean): Phase {
  const initialisation = initPhase(pod, init, main);
  if (initialisation) return initialisation;
  const { running, ended, succeeded, waiting } = tally(main);
  if (waiting > 0 || running + ended === 0) return 'Pending';
  if (running > 0) return 'Running';
  if (ending) return succeeded === ended ? 'Succeeded' : 'Failed';
  if (main.some((status) => willRestart(pod, status))) return 'Running';
  return succeeded === ended ? 'Succeeded' : 'Failed';
}

/** What init containers decide on their own; undefined once the main containers count. */
function initPhase(pod: Pod, init: readonly ContainerStatus[], main: readonly ContainerStatus[]): Phase | undefined {
  const spec = podSpec(pod);
  const begun = main.some((status) => status.state?.running || status.state?.terminated || status.lastState?.terminated);
  // A pod that is set up anew is pending while that lasts; sidecars no longer count.
  if (begun) return spec.initContainers?.some((each) => !isSidecar(each) && runs(init, each.name)) ? 'Pending' : undefined;
  for (const container of spec.initContainers ?? []) {
    const status = init.find((s) => s.name === container.name);
    const ended = status?.state?.terminated;
    if (isSidecar(container)) {
      if (!status?.started) return 'Pending';
    } else if (ended?.exitCode !== 0) {
      const final = ended && !shouldRestart(pod, container, 'init', ended.exitCode);
      return final ? 'Failed' : 'Pending';
    }
  }
  return undefined;
}

function runs(statuses: readonly ContainerStatus[], name: string): boolean {
  return statuses.some((status) => status.name === name && status.state?.running);
}

function tally(statuses: readonly ContainerStatus[]): Tally {
  const tally: Tally = { running: 0, ended: 0, succeeded: 0, waiting: 0 };
  for (const { state, lastState } of statuses) {
    const ended = state?.terminated ?? (state?.running ? undefined : lastState?.terminated);
    if (state?.running) tally.running++;
    else if (ended) {
      tally.ended++;
      if (state?.terminated && ended.exitCode === 0) tally.succeeded++;
    } else tally.waiting++;
  }
  return tally;
}

function willRestart(pod: Pod, status: ContainerStatus): boolean {
  const container = (podSpec(pod).containers ?? []).find((c) => c.name === status.name);
  const ended = status.state?.terminated;
  return ended === undefined || !container || shouldRestart(pod, container, 'main', ended.exitCode);
}
