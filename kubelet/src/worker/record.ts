import type { Pod, PodStatus, ResourceRequirements } from '@keelson/types';
import type { CgroupLimits } from '../config/resources.ts';
import type { Allocation, PendingResize } from '../pod/allocation.ts';
import type { PodObservation } from '../pod/containers.ts';
import { podUid } from '../pod/naming.ts';
import type { CrashBackoff, Kill, PodMemory, StartFailure, Verdict } from '../pod/types.ts';
import type { Claimed } from '../volume/claims.ts';

export const nothingObserved: PodObservation = { sandboxes: [], containers: [] };

/** All that the kubelet holds of one pod. Only the pod's own worker and its operations change it. */
export class PodRecord implements PodMemory {
  /** As it is to run: with the resources that are set aside for it. */
  pod: Pod;
  /** As its source has it. */
  desired: Pod;
  readonly uid: string;
  /** No source wants the pod any more. */
  removed = false;
  /** The runtime may hold something other than `observed`. */
  stale = true;
  #observed: PodObservation = nothingObserved;
  readonly operations = new Set<string>();
  readonly crashes = new Map<string, CrashBackoff>();
  readonly failures = new Map<string, StartFailure>();
  readonly kills = new Map<string, Kill>();
  /** Containers whose postStart hook has not returned: they do not count as running yet. */
  readonly starting = new Set<string>();
  readonly reported = new Set<string>();
  volumesMounted = false;
  /** What stands behind the claims that are mounted. */
  claimed: Claimed = new Map();
  volumesStale = false;
  volumesHeld: boolean;
  allocation: Allocation | undefined;
  pending: PendingResize | undefined;
  readonly actuated = new Map<string, ResourceRequirements>();
  cgroup: CgroupLimits | undefined;
  verdict: Verdict | undefined;
  status: PodStatus | undefined;
  /** When this kubelet first heard of the pod; objects it names are not older than that. */
  readonly since: number;
  readonly #ending = new AbortController();
  #looked = Promise.withResolvers<void>();

  constructor(pod: Pod, since: number) {
    this.pod = pod;
    this.desired = pod;
    this.uid = podUid(pod);
    this.since = since;
    this.volumesHeld = pod.status?.startTime !== undefined;
  }

  get observed(): PodObservation {
    return this.#observed;
  }

  set observed(observed: PodObservation) {
    this.#observed = observed;
    this.#looked.resolve();
    this.#looked = Promise.withResolvers();
  }

  /** Resolves when the runtime was looked at again. */
  get looked(): Promise<void> {
    return this.#looked.promise;
  }

  /** Aborts when the pod begins to end: starts under way stop at their next stage. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  end(): void {
    this.#ending.abort();
  }
}
