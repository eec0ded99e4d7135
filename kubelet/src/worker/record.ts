import type { Pod, PodStatus } from '@keelson/types';
import { podUid } from '../pod/naming.ts';
import type { CrashBackoff, Kill, PodMemory, PodObservation, StartFailure, Verdict } from '../pod/types.ts';

export const nothingObserved: PodObservation = { sandboxes: [], containers: [] };

/** All that the kubelet holds of one pod. Only the pod's own worker and its operations change it. */
export class PodRecord implements PodMemory {
  pod: Pod;
  readonly uid: string;
  /** No source wants the pod any more. */
  removed = false;
  /** The runtime may hold something other than `observed`. */
  stale = true;
  observed: PodObservation = nothingObserved;
  readonly operations = new Set<string>();
  readonly crashes = new Map<string, CrashBackoff>();
  readonly failures = new Map<string, StartFailure>();
  readonly kills = new Map<string, Kill>();
  /** Containers whose postStart hook has not returned: they do not count as running yet. */
  readonly starting = new Set<string>();
  readonly reported = new Set<string>();
  volumesMounted = false;
  volumesStale = false;
  verdict: Verdict | undefined;
  status: PodStatus | undefined;
  /** When this kubelet first heard of the pod; objects it names are not older than that. */
  readonly since: number;
  readonly #ending = new AbortController();

  constructor(pod: Pod, since: number) {
    this.pod = pod;
    this.uid = podUid(pod);
    this.since = since;
  }

  /** Aborts when the pod begins to end: starts under way stop at their next stage. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  end(): void {
    this.#ending.abort();
  }
}
