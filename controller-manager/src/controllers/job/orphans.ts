import { controllerOf } from '@keelson/machinery';
import type { Change, ControllerDefinition, Key, ReconcileContext, Stores } from '@keelson/runtime';
import { defineController, keyOf, mapped, ownerUid, self } from '@keelson/runtime';
import { Job, Pod } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { controllerUid, mayAdopt, orphanNamespace, orphans, refersTo } from '../../claims.ts';
import { withoutFinalizer } from './claims.ts';
import { isFinished } from './ending.ts';
import { isTracked } from './pods.ts';

/** Lets go of pods that wait to be counted by a job that is gone, or that counts no more. */
export function jobOrphansController(workers: number): ControllerDefinition {
  return defineController({
    name: 'job_orphan_pod',
    reads: [Pod, Job],
    writes: [Pod],
    triggers: [
      {
        ...self(Pod, ({ type, object }) => type !== 'deleted' && isTracked(object)),
        indexes: { [ownerUid]: controllerUid, [orphans]: orphanNamespace },
      },
      mapped(Job, trackedPodsOf, { when: isOver }),
    ],
    workers,
    reconcile,
  });
}

function isOver({ type, object }: Change<Job>): boolean {
  return type === 'deleted' || isFinished(object);
}

function trackedPodsOf({ metadata }: Job, { of }: Stores): readonly Key[] {
  const pods = of(Pod);
  return [...pods.byIndex(ownerUid, metadata.uid ?? ''), ...pods.byIndex(orphans, metadata.namespace ?? '')].filter(isTracked).map(keyOf);
}

async function reconcile(key: Key, context: ReconcileContext): Promise<undefined> {
  const pod = context.of(Pod).get(key);
  if (!pod || !isTracked(pod) || isCounted(pod, context)) return undefined;
  const { name = '', namespace, uid, resourceVersion } = pod.metadata;
  // The version makes sure that nobody has adopted it meanwhile.
  const patch = { metadata: { uid, resourceVersion, ...withoutFinalizer } };
  try {
    await context.api.patch(Pod, { name, namespace }, 'application/strategic-merge-patch+json', patch);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return undefined;
}

/** Whether a job counts the pod, now or once it has adopted it; or somebody else's controller has it, whose matter it is. */
function isCounted({ metadata }: Pod, { of }: Stores): boolean {
  const owner = controllerOf(metadata);
  const jobs = of(Job);
  if (!owner) {
    return jobs.list(metadata.namespace).some((job) => !isFinished(job) && mayAdopt(job.spec.selector ?? {}, metadata.labels));
  }
  if (!refersTo(owner, Job)) return true;
  const job = jobs.get(`${metadata.namespace}/${owner.name}`);
  return job?.metadata.uid === owner.uid && (isManagedElsewhere(job) || !isFinished(job));
}

/** Whether a job says that another controller than this one is to look after it. */
export function isManagedElsewhere({ spec }: Job): boolean {
  return spec.managedBy !== undefined && spec.managedBy !== 'kubernetes.io/job-controller';
}
