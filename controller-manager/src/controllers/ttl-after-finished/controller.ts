import type { Clock } from '@keelson/base';
import type { ObjectKey } from '@keelson/client';
import { type ControllerDefinition, defineController, type ReconcileContext, self } from '@keelson/runtime';
import { Job } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { untilExpiry } from './plan.ts';

/** Deletes each finished Job, with its pods, when its `ttlSecondsAfterFinished` are over. */
export function ttlAfterFinishedController(workers: number, clock: Clock): ControllerDefinition {
  return defineController({
    name: 'ttl_jobs_to_delete',
    reads: [Job],
    writes: [Job],
    triggers: [self(Job, ({ type }) => type !== 'deleted')],
    workers,
    async reconcile(key, { of, api }) {
      const job = of(Job).get(key);
      const wait = job && untilExpiry(job, clock.now());
      if (!job || wait === undefined) return undefined;
      if (wait > 0) return { again: wait };
      return remove({ name: job.metadata.name ?? '', namespace: job.metadata.namespace }, clock, api);
    },
  });
}

/** Asks the server first: the time may have been prolonged, and nothing brings a deleted job back. */
async function remove(key: ObjectKey, clock: Clock, api: ReconcileContext['api']): Promise<{ again: number } | undefined> {
  try {
    const fresh = await api.get(Job, key);
    const wait = untilExpiry(fresh, clock.now());
    if (wait === undefined) return undefined;
    if (wait > 0) return { again: wait };
    await api.delete(Job, key, { propagationPolicy: 'Foreground', preconditions: { uid: fresh.metadata.uid } });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return undefined;
}
