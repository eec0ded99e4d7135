import type { Api } from '@keelson/client';
import { ApiError } from '@keelson/client';
import { labelSelectorMatcher } from '@keelson/machinery';
import { Job, Pod } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { adoptPatch, planClaims, releasePatch } from '../../claims.ts';
import { trackingFinalizer } from './pods.ts';

/** An entry of a strategic merge patch that takes the finalizer away. */
export const withoutFinalizer = { '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] };

/**
 * Takes pods that the job selects and lets go of those it no longer selects, and resolves to what it has then. With the owner comes the
 * finalizer, in the same write: an adopted pod is counted, a released one is not.
 * @throws when the job turns out to be gone before it adopts.
 */
export async function claimPods(job: Job, candidates: readonly Pod[], api: Api): Promise<readonly Pod[]> {
  const { kept, adopt, release } = planClaims(job.metadata, labelSelectorMatcher(job.spec.selector), candidates);
  if (adopt.length === 0 && release.length === 0) return kept;
  if (adopt.length > 0) await checkJob(job, api);
  const adopted = await Promise.all(
    adopt.map((pod) => patchMetadata(pod, adoptPatch(pod, job.metadata, Job), { finalizers: [trackingFinalizer] }, api)),
  );
  await Promise.all(release.map((pod) => patchMetadata(pod, releasePatch(pod.metadata.uid, [job.metadata.uid]), withoutFinalizer, api)));
  return [...kept, ...adopted.filter((pod) => pod !== undefined)];
}

async function checkJob({ metadata: { name = '', namespace, uid } }: Job, api: Api): Promise<void> {
  const { metadata } = await api.get(Job, { name, namespace });
  if (metadata.uid !== uid) throw new Error(`original Job ${namespace}/${name} is gone: got uid ${metadata.uid}, wanted ${uid}`);
  if (metadata.deletionTimestamp) throw new Error(`${namespace}/${name} has just been deleted at ${metadata.deletionTimestamp}`);
}

/** Undefined when the pod is gone or another one by now. */
async function patchMetadata({ metadata }: Pod, patch: object, more: object, api: Api): Promise<Pod | undefined> {
  const { name = '', namespace } = metadata;
  const owners = (patch as { metadata: object }).metadata;
  try {
    return await api.patch(Pod, { name, namespace }, 'application/strategic-merge-patch+json', { metadata: { ...owners, ...more } });
  } catch (error) {
    // Invalid: the uid in the patch is not the pod's.
    if (isGone(error) || (error instanceof ApiError && error.code === 422)) return undefined;
    throw error;
  }
}
