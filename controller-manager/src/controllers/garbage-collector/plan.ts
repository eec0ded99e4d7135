import type { ObjectMeta, OwnerReference } from '@keelson/types';

export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

/** What is known of an owner. `leaving`: it is deleted and waits for its dependents to go first. */
export type OwnerState = 'present' | 'leaving' | 'absent';

export interface View {
  readonly metadata: ObjectMeta;
  /** By uid; complete for an object that is not being deleted itself. */
  readonly owners: ReadonlyMap<string, OwnerState>;
  readonly dependents: readonly ObjectMeta[];
}

export type Action =
  | { readonly type: 'none' }
  /** Take the owners with these uids off the object: others keep it. */
  | { readonly type: 'disown'; readonly uids: readonly string[] }
  /** `unblock`: its own dependents wait for it in a circle, which ends where it no longer holds up its owners. */
  | { readonly type: 'delete'; readonly policy: 'Background' | 'Foreground' | 'Orphan'; readonly unblock: boolean }
  /** Take it off all its dependents, then let it go. */
  | { readonly type: 'orphan' }
  /** Nothing holds it up any more. */
  | { readonly type: 'release'; readonly finalizer: string };

/** What the garbage collector does with one object. */
export function planCollection(view: View): Action {
  const { metadata } = view;
  if (metadata.deletionTimestamp) return planDeleted(view);
  const references = metadata.ownerReferences ?? [];
  if (references.length === 0) return { type: 'none' };
  const uidsIn = (state: OwnerState): string[] => references.filter(({ uid }) => view.owners.get(uid) === state).map(({ uid }) => uid);
  const [leaving, absent] = [uidsIn('leaving'), uidsIn('absent')];
  if (leaving.length + absent.length < references.length) {
    return leaving.length + absent.length > 0 ? { type: 'disown', uids: [...absent, ...leaving] } : { type: 'none' };
  }
  if (leaving.length > 0 && view.dependents.length > 0) {
    return { type: 'delete', policy: 'Foreground', unblock: view.dependents.some(isLeaving) };
  }
  return { type: 'delete', policy: policyOf(metadata), unblock: false };
}

function planDeleted({ metadata, dependents }: View): Action {
  if (metadata.finalizers?.includes(orphanFinalizer)) return { type: 'orphan' };
  if (!isLeaving(metadata)) return { type: 'none' };
  const blocked = dependents.some((dependent) => blocks(dependent, metadata));
  return blocked ? { type: 'none' } : { type: 'release', finalizer: foregroundFinalizer };
}

function policyOf({ finalizers }: ObjectMeta): 'Background' | 'Foreground' | 'Orphan' {
  if (finalizers?.includes(orphanFinalizer)) return 'Orphan';
  return finalizers?.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
}

/** Deleted, and waiting for its dependents. */
export function isLeaving({ deletionTimestamp, finalizers }: ObjectMeta): boolean {
  return Boolean(deletionTimestamp) && finalizers?.includes(foregroundFinalizer) === true;
}

function blocks(dependent: ObjectMeta, owner: ObjectMeta): boolean {
  return dependent.ownerReferences?.some(({ uid, blockOwnerDeletion }) => uid === owner.uid && blockOwnerDeletion === true) ?? false;
}

/** Owner references that hold none of the owners up. */
export function unblocked(references: readonly OwnerReference[] | undefined): OwnerReference[] {
  return (references ?? []).map((reference) => ({ ...reference, blockOwnerDeletion: false }));
}
