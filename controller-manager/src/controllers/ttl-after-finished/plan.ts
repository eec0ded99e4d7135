import { parseTime } from '@keelson/machinery';
import type { Job } from '@keelson/types';

/** Milliseconds until a finished job's time is over, from 0; undefined when it has none, is not finished, or is being deleted. */
export function untilExpiry({ metadata, spec, status }: Job, now: number): number | undefined {
  if (spec.ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp) return undefined;
  const end = status?.conditions?.find((one) => (one.type === 'Complete' || one.type === 'Failed') && one.status === 'True');
  const finishedAt = parseTime(end?.lastTransitionTime);
  return finishedAt === undefined ? undefined : Math.max(0, finishedAt + spec.ttlSecondsAfterFinished * 1000 - now);
}
