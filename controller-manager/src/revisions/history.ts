import type { Api } from '@keelson/client';
import { equal } from '@keelson/machinery';
import { ownerUid, type ReconcileContext } from '@keelson/runtime';
import { ControllerRevision } from '@keelson/types';
import { isAlreadyThere, isGone } from '../api-errors.ts';
import { expired, nextNumber, type Revised, revisionFor, sameRevision } from './plan.ts';

/** An owner's revisions, as the informer knows them. */
export function revisionsOf({ metadata }: Pick<Revised, 'metadata'>, { of }: Pick<ReconcileContext, 'of'>): readonly ControllerRevision[] {
  return of(ControllerRevision).byIndex(ownerUid, metadata.uid ?? '');
}

/** What a revision of the owner's present template came to. */
export type Ensured =
  | { readonly type: 'current'; readonly revision: ControllerRevision }
  /** Another template has the same hash: the owner's collision count must rise. */
  | { readonly type: 'collision' };

/** Makes sure that the present template is the newest revision: an older one with the same template is made the newest again. */
export async function ensureRevision(owner: Revised, revisions: readonly ControllerRevision[], api: Api): Promise<Ensured> {
  const same = sameRevision(owner, revisions);
  if (same) {
    const newest = nextNumber(revisions) - 1;
    if (same.revision === newest) return { type: 'current', revision: same };
    return { type: 'current', revision: await api.update(ControllerRevision, { ...same, revision: newest + 1 }) };
  }
  const wanted = revisionFor(owner, revisions);
  try {
    return { type: 'current', revision: await api.create(ControllerRevision, wanted) };
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
    const { name = '', namespace } = wanted.metadata;
    const there = await api.get(ControllerRevision, { name, namespace });
    return equal(there.data, wanted.data) ? { type: 'current', revision: there } : { type: 'collision' };
  }
}

/** Removes revisions past the limit that no pod is of. */
export async function truncate(
  revisions: readonly ControllerRevision[],
  live: ReadonlySet<string>,
  limit: number,
  api: Api,
): Promise<void> {
  for (const { metadata } of expired(revisions, live, limit)) {
    const { name = '', namespace } = metadata;
    await api.delete(ControllerRevision, { name, namespace }).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }
}
