import type { Pod } from '@keelson/types';
import { finishedAt } from './pods.ts';

const initial = 10_000;
const longest = 600_000;

/** How a job's pods fared of late; what its controller remembers of it. */
export interface BackoffRecord {
  readonly failuresSinceSuccess: number;
  /** Milliseconds. */
  readonly lastFailure: number;
}

export const noFailures: BackoffRecord = { failuresSinceSuccess: 0, lastFailure: 0 };

/** The record with pods that ended since. A success makes earlier failures forgotten. */
export function nextRecord(before: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  const lastSuccess = Math.max(...succeeded.map(finishedAt));
  const failures = failed.map(finishedAt).filter((time) => time > lastSuccess);
  const carried = succeeded.length > 0 ? noFailures : before;
  if (failures.length === 0) return carried;
  return { failuresSinceSuccess: carried.failuresSinceSuccess + failures.length, lastFailure: Math.max(...failures) };
}

/** Milliseconds to wait before pods are made again: 10 s after the first failure in a row, twice as long with each more, 10 min at most. */
export function remaining({ failuresSinceSuccess, lastFailure }: BackoffRecord, now: number): number {
  if (failuresSinceSuccess === 0) return 0;
  const wait = Math.min(initial * 2 ** (failuresSinceSuccess - 1), longest);
  return Math.max(0, lastFailure + wait - now);
}
