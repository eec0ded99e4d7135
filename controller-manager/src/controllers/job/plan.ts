import { isPodTerminating } from '@keelson/machinery';
import type { Job, Pod } from '@keelson/types';
import { type BackoffRecord, nextRecord, remaining } from './backoff.ts';
import { type Ending, endingOf, untilDeadline } from './ending.ts';
import { IndexSet } from './indexes.ts';
import { failuresBefore, finishedAt, replacesOnlyFailed } from './pods.ts';
import { podsToRemove } from './removal.ts';
import { type IndexTally, indexesOf, type JobView, type Tally, tallyOf } from './tally.ts';
import { indexedPodFrom, podFrom } from './template.ts';

/** Pods made or deleted in one go, at most. */
const burst = 500;

export type PodChange =
  | { readonly type: 'none' }
  | { readonly type: 'create'; readonly pods: readonly Pod[] }
  /** Those that do not count are let go of first, so that nobody takes them for failed. */
  | { readonly type: 'delete'; readonly pods: readonly Pod[]; readonly counted: boolean };

export interface JobPlan {
  readonly tally: Tally;
  /** Why the job ends before its pods do; undefined: it goes on, or its pods came to their end. */
  readonly ending: Ending | undefined;
  readonly change: PodChange;
  /** Whether the job's pods are being looked after: not those of a job that ends or is deleted. */
  readonly managed: boolean;
  readonly backoff: BackoffRecord;
  /** When to look again without being told, in milliseconds. */
  readonly again: number | undefined;
}

/** The next step of a job that is not finished. */
export function planJob(view: JobView): JobPlan {
  const { job, now } = view;
  const tally = tallyOf(view);
  const backoff = nextRecord(view.backoff, tally.newSucceeded, tally.newFailed);
  const ending = endingOf(view, tally);
  const plan = { tally, ending, managed: false, backoff, again: undefined };
  if (ending) return { ...plan, change: deletion(tally.active, true) };
  if (job.metadata.deletionTimestamp) return { ...plan, change: { type: 'none' } };
  const { change, wait } = manage({ ...view, backoff }, tally);
  const waits = [wait, untilDeadline(job, now)].filter((one) => one !== undefined);
  return { ...plan, change, managed: true, again: waits.length > 0 ? Math.min(...waits) : undefined };
}

interface Step {
  readonly change: PodChange;
  /** Milliseconds until a pod that failed may be replaced. */
  readonly wait?: number | undefined;
}

function deletion(pods: readonly Pod[], counted: boolean): PodChange {
  return pods.length > 0 ? { type: 'delete', pods, counted } : { type: 'none' };
}

/** Deletes pods that are too many, else makes those that are missing; never both in one step. */
function manage(view: JobView, tally: Tally): Step {
  const { job } = view;
  const { active } = tally;
  if (job.spec.suspend) return { change: deletion(active, false) };
  const wanted = wantedActive(job, tally);
  const surplus = podsToRemove(job, active, Math.max(0, active.length - wanted));
  if (surplus.length > 0) return { change: deletion(surplus.slice(0, burst), false) };
  const awaited = replacesOnlyFailed(job) ? tally.terminating : 0;
  const missing = Math.min(wanted - active.length - awaited, burst);
  return missing > 0 ? create(view, tally, missing) : { change: { type: 'none' } };
}

/** How many pods are to be at work. A job of no certain number starts none after the first success. */
function wantedActive({ spec }: Job, { active, succeeded }: Tally): number {
  const { parallelism = 1, completions } = spec;
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded));
}

function create(view: JobView, { indexes, active }: Tally, missing: number): Step {
  const { job, backoff, now } = view;
  const wait = job.spec.backoffLimitPerIndex === undefined ? remaining(backoff, now) : 0;
  if (wait > 0) return { change: { type: 'none' }, wait };
  if (indexes) return createIndexed(view, indexes, active, missing);
  return { change: { type: 'create', pods: Array.from({ length: missing }, () => podFrom(job)) } };
}

function createIndexed({ job, pods, now }: JobView, indexes: IndexTally, active: readonly Pod[], missing: number): Step {
  const awaited = replacesOnlyFailed(job) ? pods.filter(isPodTerminating) : [];
  const taken = indexes.completed.with(indexes.failed ?? IndexSet.empty).with(indexesOf(job, [...active, ...awaited]));
  const free = taken.missing(missing, job.spec.completions ?? 0);
  const waits = free.map((index) => untilRetry(indexes.pending.get(index), now));
  const due = free.filter((_, i) => waits[i] === 0);
  const later = waits.filter((wait) => wait > 0);
  const wait = later.length > 0 ? Math.min(...later) : undefined;
  if (due.length === 0) return { change: { type: 'none' }, wait };
  return { change: { type: 'create', pods: due.map((index) => indexedPodFrom(job, index, indexes.pending.get(index))) }, wait };
}

/** Milliseconds until the index of a failed pod is tried again; each index has a back-off of its own. */
function untilRetry(failed: Pod | undefined, now: number): number {
  if (!failed) return 0;
  return remaining({ failuresSinceSuccess: failuresBefore(failed).all + 1, lastFailure: finishedAt(failed) }, now);
}
