import { type Clock, errorMessage } from '@keelson/base';
import { controllerOf, equal } from '@keelson/machinery';
import {
  type ControllerDefinition,
  defineController,
  Expectations,
  hasReached,
  type Key,
  keyOf,
  mapped,
  type Outcome,
  ownerUid,
  type ReconcileContext,
  type Stores,
  self,
} from '@keelson/runtime';
import { Event, Job, Pod } from '@keelson/types';
import type { Registry } from 'prom-client';
import { isGone, isNamespaceEnding } from '../../api-errors.ts';
import { controllerUid, mayAdopt, orphanNamespace, orphans, refersTo } from '../../claims.ts';
import { Pace } from '../../pace.ts';
import { slowStart } from '../../slow-start.ts';
import { type BackoffRecord, noFailures } from './backoff.ts';
import { claimPods, withoutFinalizer } from './claims.ts';
import { isFinished } from './ending.ts';
import { type JobMetrics, jobMetrics, type SyncAction } from './metrics.ts';
import { isManagedElsewhere } from './orphans.ts';
import { type JobPlan, type PodChange, planJob } from './plan.ts';
import { isTracked } from './pods.ts';
import { tallyOf } from './tally.ts';
import { type Done, track } from './tracking.ts';

/** The longest time, in milliseconds, for which changes of a large job's pods are put together. */
const longestRest = 1_000;

const strategic = 'application/strategic-merge-patch+json';

/** Runs each Job's pods until as many have succeeded as it wants, or too many have failed. */
export function jobController(workers: number, clock: Clock, metrics: Registry | undefined): ControllerDefinition {
  const controller = new Jobs(clock, jobMetrics(metrics));
  return defineController({
    name: 'job',
    reads: [Job, Pod],
    writes: [Pod, 'jobs/status', Event],
    triggers: [self(Job), mapped(Pod, jobsOf, { indexes: { [ownerUid]: controllerUid, [orphans]: orphanNamespace } })],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

/** The owner of a pod, or those that may adopt it. */
function jobsOf({ metadata }: Pod, stores: Stores): readonly Key[] {
  const owner = controllerOf(metadata);
  if (owner) return refersTo(owner, Job) ? [`${metadata.namespace}/${owner.name}`] : [];
  if (metadata.deletionTimestamp) return [];
  return stores
    .of(Job)
    .list(metadata.namespace)
    .filter(({ spec }) => mayAdopt(spec.selector ?? {}, metadata.labels))
    .map(keyOf);
}

class Jobs {
  readonly #clock: Clock;
  readonly #metrics: JobMetrics;
  readonly #expectations: Expectations;
  readonly #pace: Pace;
  readonly #backoffs = new Map<Key, { readonly uid: string | undefined; readonly record: BackoffRecord }>();

  constructor(clock: Clock, metrics: JobMetrics) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.#expectations = new Expectations(clock);
    this.#pace = new Pace(clock, longestRest);
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const job = context.of(Job).get(key);
    if (!job || isFinished(job)) {
      this.#expectations.forget(key);
      this.#pace.forget(key);
      this.#backoffs.delete(key);
      return undefined;
    }
    // Counting needs both: what this controller wrote last, and the pods as they were at that time or later.
    if (isManagedElsewhere(job) || !this.#expectations.satisfied(key)) return undefined;
    const wait = this.#pace.wait(key);
    if (wait > 0) return { again: wait };
    return this.#measured(key, job, context);
  }

  async #measured(key: Key, job: Job, context: ReconcileContext): Promise<Outcome> {
    const begun = this.#clock.now();
    let action: SyncAction = 'reconciling';
    let result: 'error' | 'success' = 'error';
    try {
      const outcome = await this.#step(key, job, context, (plan) => {
        action = actionOf(plan);
      });
      result = 'success';
      return outcome;
    } finally {
      this.#metrics.synced(job, action, result, (this.#clock.now() - begun) / 1000);
    }
  }

  async #step(key: Key, job: Job, context: ReconcileContext, planned: (plan: JobPlan) => void): Promise<Outcome> {
    const candidates = candidatesOf(job, context);
    const claimed = await claimPods(job, candidates, context.api);
    const known = this.#backoffs.get(key);
    const backoff = known && known.uid === job.metadata.uid ? known.record : noFailures;
    const seen = { job, pods: claimed, backoff, now: this.#clock.now() };
    const view = { ...seen, pods: await upToDate(job, claimed, context) };
    const plan = planJob(view);
    planned(plan);
    const done = await this.#change(key, job, plan.change, context);
    const { status, release, events } = track(view, plan, done);
    if (!equal(status, job.status ?? {})) {
      const written = await context.api.update(Job, { ...job, status }, { subresource: 'status' });
      this.#expectations.written(key, context.of(Job), written);
      this.#metrics.written(job, status, release);
    }
    this.#backoffs.set(key, { uid: job.metadata.uid, record: plan.backoff });
    for (const { type, reason, message } of events) context.events.event(job, type, reason, message);
    await Promise.all(release.map((pod) => this.#letGo(key, pod, context)));
    this.#pace.worked(key, candidates.length);
    if (done.error !== undefined) throw done.error;
    return plan.again === undefined ? undefined : { again: plan.again };
  }

  async #change(key: Key, job: Job, change: PodChange, context: ReconcileContext): Promise<Done> {
    if (change.type === 'create') return this.#create(key, job, change.pods, context);
    if (change.type === 'none') return { created: 0, deleted: [], error: undefined };
    const results = await Promise.all(change.pods.map((pod) => this.#delete(key, job, pod, change.counted, context)));
    const error = results.find((one) => one !== undefined);
    return { created: 0, deleted: change.pods.filter((_, i) => results[i] === undefined), error };
  }

  /** More and more at once; after the first failure none is begun: the rest would fail the same way. */
  async #create(key: Key, job: Job, pods: readonly Pod[], context: ReconcileContext): Promise<Done> {
    let created = 0;
    const error = await slowStart(pods, async (pod) => {
      const failure = await this.#createOne(key, job, pod, context);
      if (failure === undefined) created += 1;
      return failure;
    });
    return { created, deleted: [], error };
  }

  /** Resolves to the error, if any. In a namespace that ends, pods are refused and nothing is wrong. */
  async #createOne(key: Key, job: Job, pod: Pod, { api, events, of }: ReconcileContext): Promise<unknown> {
    try {
      const made = await api.create(Pod, pod);
      this.#expectations.written(key, of(Pod), made);
      events.event(job, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`);
      return undefined;
    } catch (error) {
      if (isNamespaceEnding(error)) return undefined;
      events.event(job, 'Warning', 'FailedCreate', `Error creating: ${errorMessage(error)}`);
      return error;
    }
  }

  /** Resolves to the error, if any. */
  async #delete(key: Key, job: Job, pod: Pod, counted: boolean, context: ReconcileContext): Promise<unknown> {
    const { api, events, of } = context;
    const { name = '', namespace, uid } = pod.metadata;
    try {
      if (!counted) await this.#letGo(key, pod, context);
      await api.delete(Pod, { name, namespace }, { preconditions: { uid } });
      events.event(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      if (!isGone(error)) {
        events.event(job, 'Warning', 'FailedDelete', `Error deleting: ${errorMessage(error)}`);
        return error;
      }
    }
    this.#expectations.deleted(key, of(Pod), pod);
    return undefined;
  }

  /** Takes the finalizer away: the pod is counted, or never will be. */
  async #letGo(key: Key, pod: Pod, { api, of }: ReconcileContext): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata;
    if (!isTracked(pod)) return;
    try {
      const written = await api.patch(Pod, { name, namespace }, strategic, { metadata: { uid, ...withoutFinalizer } });
      this.#expectations.written(key, of(Pod), written);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

function actionOf({ managed, change }: JobPlan): SyncAction {
  if (!managed) return 'reconciling';
  return change.type === 'none' ? 'tracking' : change.type === 'create' ? 'pods_created' : 'pods_deleted';
}

/** Pods it controls, and those that nobody controls. */
function candidatesOf({ metadata }: Job, { of }: Stores): readonly Pod[] {
  const pods = of(Pod);
  return [...pods.byIndex(ownerUid, metadata.uid ?? ''), ...pods.byIndex(orphans, metadata.namespace ?? '')];
}

/**
 * Where pods are known from an earlier time than the job, as may be after a start, one of them may look new that the job's status has
 * counted already: they are read again before any is counted.
 */
async function upToDate(job: Job, pods: readonly Pod[], { api, of }: ReconcileContext): Promise<readonly Pod[]> {
  const [jobVersion = '0', podsVersion = '0'] = [job.metadata.resourceVersion, of(Pod).resourceVersion];
  const { newSucceeded, newFailed } = tallyOf({ job, pods, backoff: noFailures, now: 0 });
  if (hasReached(podsVersion, jobVersion) || newSucceeded.length + newFailed.length === 0) return pods;
  const { items } = await api.list(Pod, { namespace: job.metadata.namespace });
  const present = new Map(items.map((pod) => [pod.metadata.uid, pod]));
  return pods.map((pod) => present.get(pod.metadata.uid)).filter((pod) => pod !== undefined);
}
