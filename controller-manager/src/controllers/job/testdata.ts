import { type Random, rfc3339 } from '@keelson/base';
import { newControllerRef } from '@keelson/machinery';
import { Job, type JobSpec, type JobStatus, type Pod, type PodStatus } from '@keelson/types';
import { type BackoffRecord, noFailures } from './backoff.ts';
import { isFinished } from './ending.ts';
import { planJob } from './plan.ts';
import { completionIndex, isTracked, trackingFinalizer } from './pods.ts';
import { type Done, track } from './tracking.ts';

export const start = Date.UTC(2026, 0, 1);

export function job(spec: Partial<JobSpec> = {}, status: JobStatus = {}): Job {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:1' }] } };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'x', namespace: 'default', uid: 'job-x' },
    spec: { parallelism: 1, completions: 1, backoffLimit: 6, completionMode: 'NonIndexed', selector: {}, template, ...spec },
    status,
  };
}

/** A pod of `job()`, in a phase, and at an index if it has one. */
export function podOf(owner: Job, name: string, status: PodStatus, index?: number): Pod {
  const annotations = index === undefined ? {} : { [completionIndex]: String(index) };
  const ownerReferences = [newControllerRef(owner.metadata, Job)];
  const metadata = { name, namespace: 'default', uid: name, annotations, ownerReferences, finalizers: [trackingFinalizer] };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'main', image: 'app:1' }] }, status };
}

/** How a container of a pod ended at a time in milliseconds. */
export function ended(exitCode: number, at: number): PodStatus {
  const terminated = { exitCode, finishedAt: rfc3339(at) };
  const containerStatuses = [{ name: 'main', ready: false, restartCount: 0, image: '', imageID: '', state: { terminated } }];
  return { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses };
}

/**
 * A job, its pods and a controller that may fall over between any two writes, without a server: what is written is seen at once. Pods
 * whose end was told stay until they are let go of, as in a cluster where somebody deletes every pod that ended.
 */
export class World {
  job: Job;
  pods: Pod[] = [];
  now = start;
  backoff: BackoffRecord = noFailures;
  /** Uids of pods that succeeded, and that failed. */
  readonly succeeded = new Set<string>();
  readonly failed = new Set<string>();
  /** How often pods of each index failed. */
  readonly failures = new Map<string, number>();
  most = 0;
  #made = 0;
  readonly #random: Random;
  /** How likely it is that the controller falls over before the next write. */
  readonly #mishap: number;

  constructor(owner: Job, random: Random, mishap = 0) {
    this.job = owner;
    this.#random = random;
    this.#mishap = mishap;
  }

  get over(): boolean {
    return isFinished(this.job);
  }

  /** One look of the controller. Returns when it wants to look again. */
  reconcile(): number | undefined {
    if (this.over) return undefined;
    const view = { job: this.job, pods: this.pods, backoff: this.backoff, now: this.now };
    const plan = planJob(view);
    const { change } = plan;
    const done: { created: number; deleted: Pod[]; error: unknown } = { created: 0, deleted: [], error: undefined };
    if (change.type === 'create') done.created = this.#create(change.pods);
    if (change.type === 'delete') for (const pod of change.pods) if (this.#delete(pod, change.counted)) done.deleted.push(pod);
    this.most = Math.max(this.most, this.pods.filter((pod) => !pod.metadata.deletionTimestamp && !this.#hasEnded(pod)).length);
    if (this.#falls()) return this.#restart();
    const { status, release } = track(view, plan, done satisfies Done);
    this.job = { ...this.job, status };
    this.backoff = plan.backoff;
    for (const pod of release) {
      if (this.#falls()) return this.#restart();
      this.#letGo(pod);
    }
    return plan.again;
  }

  /** Ends a pod that is at work. */
  end(pod: Pod, exitCode: number): void {
    (exitCode === 0 ? this.succeeded : this.failed).add(pod.metadata.uid ?? '');
    const index = pod.metadata.annotations?.[completionIndex] ?? '';
    if (exitCode !== 0) this.failures.set(index, (this.failures.get(index) ?? 0) + 1);
    this.#replace(pod, { ...pod, status: ended(exitCode, this.now) });
  }

  atWork(): Pod[] {
    return this.pods.filter((pod) => !this.#hasEnded(pod));
  }

  #hasEnded({ status }: Pod): boolean {
    return status?.phase === 'Succeeded' || status?.phase === 'Failed';
  }

  #falls(): boolean {
    return this.#random.next() < this.#mishap;
  }

  #restart(): undefined {
    this.backoff = noFailures;
    return undefined;
  }

  #create(pods: readonly Pod[]): number {
    for (const { metadata, spec } of pods) {
      const name = `x-${++this.#made}`;
      this.pods.push({
        metadata: { ...metadata, name, uid: name, creationTimestamp: rfc3339(this.now) },
        spec,
        status: { phase: 'Running' },
      });
    }
    return pods.length;
  }

  #delete(pod: Pod, counted: boolean): boolean {
    const metadata = { ...pod.metadata, deletionTimestamp: rfc3339(this.now), ...(counted ? {} : { finalizers: [] }) };
    this.#replace(pod, { ...pod, metadata });
    return true;
  }

  #letGo(pod: Pod): void {
    const present = this.pods.find(({ metadata }) => metadata.uid === pod.metadata.uid);
    if (present) this.#replace(present, { ...present, metadata: { ...present.metadata, finalizers: [] } });
  }

  /** Pods that nothing holds any more, and that ended or are told to, are gone. */
  sweep(): void {
    this.pods = this.pods.filter((pod) => isTracked(pod) || !(pod.metadata.deletionTimestamp || this.#hasEnded(pod)));
  }

  #replace(pod: Pod, next: Pod): void {
    this.pods = this.pods.map((one) => (one.metadata.uid === pod.metadata.uid ? next : one));
  }
}
