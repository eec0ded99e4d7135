import { isControlledBy } from '@keelson/machinery';
import { ControllerRevision, type PodTemplateSpec } from '@keelson/types';
import type { Cluster } from '../../cluster.ts';
import type { Found } from '../../resource/targets.ts';
import type { AnyObject } from '../../types.ts';
import { changeCause, type Revision } from './history.ts';

/** A revision of a DaemonSet or StatefulSet, with the patch that brings it back. */
export interface KeptRevision extends Revision {
  readonly patch: object;
}

/** The revisions that the ControllerRevisions of a DaemonSet or StatefulSet keep, oldest first. */
export async function keptRevisions(cluster: Cluster, { object, namespace }: Found): Promise<KeptRevision[]> {
  const { items } = await cluster.api.list(ControllerRevision, { namespace });
  return revisionsKept(object, items);
}

export function revisionsKept(owner: AnyObject, all: readonly ControllerRevision[]): KeptRevision[] {
  return all
    .filter(({ metadata }) => isControlledBy(metadata, owner.metadata))
    .map(({ metadata, revision, data }) => {
      const annotations = metadata.annotations ?? {};
      const { $patch: _, ...template } = ((data as Kept | undefined)?.spec?.template ?? {}) as PodTemplateSpec & { $patch?: string };
      const object = { ...owner, spec: { ...(owner.spec as object), template } };
      return { object, number: revision, cause: annotations[changeCause] ?? '', annotations, patch: (data ?? {}) as object, template };
    })
    .sort((a, b) => a.number - b.number);
}

/** What a ControllerRevision of these kinds holds: a strategic merge patch. */
interface Kept {
  readonly spec?: { readonly template?: PodTemplateSpec };
}

/** The revision to go back to: `wanted`, else the one before the latest. @throws Error in kubectl's words. */
export function keptToRestore(revisions: readonly KeptRevision[], wanted: number): KeptRevision {
  const found = wanted > 0 ? revisions.find(({ number }) => number === wanted) : revisions.at(-2);
  if (found) return found;
  throw new Error(wanted > 0 ? `unable to find specified revision ${wanted} in history` : 'no last revision to roll back to');
}
