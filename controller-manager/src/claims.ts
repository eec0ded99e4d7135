import { type Api, ApiError, type KubeObject } from '@keelson/client';
import type { LabelSelectorMatcher } from '@keelson/machinery';
import { controllerOf, isControlledBy, labelSelectorMatcher, newControllerRef } from '@keelson/machinery';
import type { Kind, LabelSelector, ObjectMeta, OwnerReference } from '@keelson/types';
import { isGone } from './api-errors.ts';

/** An object that another may control. */
export type Claimable = KubeObject & { metadata: ObjectMeta };

export interface Claims<T> {
  /** Controlled by the owner and selected by it: its own. */
  readonly kept: readonly T[];
  /** Selected and controlled by nobody: to be taken. */
  readonly adopt: readonly T[];
  /** Controlled but no longer selected: to be let go. */
  readonly release: readonly T[];
}

/** Sorts candidates by what their owner does with them, as upstream's controller ref manager. A deleted owner takes and drops nothing. */
export function planClaims<T extends Claimable>(owner: ObjectMeta, selector: LabelSelectorMatcher, candidates: readonly T[]): Claims<T> {
  const kept: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  for (const candidate of candidates) {
    const { metadata } = candidate;
    const selected = selector.matches(metadata.labels);
    if (isControlledBy(metadata, owner)) {
      if (selected) kept.push(candidate);
      else if (!owner.deletionTimestamp) release.push(candidate);
    } else if (!controllerOf(metadata) && selected && !owner.deletionTimestamp && !metadata.deletionTimestamp) {
      adopt.push(candidate);
    }
  }
  return { kept, adopt, release };
}

export function adoptPatch(object: Claimable, owner: ObjectMeta, ownerKind: Kind<unknown>): object {
  return { metadata: { uid: object.metadata.uid, ownerReferences: [newControllerRef(owner, ownerKind)] } };
}

/** A strategic merge patch that takes owners away. Refused by the server when the object is another one by now. */
export function releasePatch(uid: string | undefined, owners: readonly (string | undefined)[]): object {
  return { metadata: { uid, ownerReferences: owners.map((owner) => ({ $patch: 'delete', uid: owner })) } };
}

export interface ClaimDeps<O, T> {
  readonly api: Api;
  readonly owner: O & { metadata: ObjectMeta };
  readonly ownerKind: Kind<O>;
  readonly kind: Kind<T>;
}

/** Carries claims out and returns what the owner has afterwards. @throws when the owner turns out to be gone before it adopts. */
export async function claim<O, T extends Claimable>(claims: Claims<T>, deps: ClaimDeps<O, T>): Promise<readonly T[]> {
  if (claims.adopt.length === 0 && claims.release.length === 0) return claims.kept;
  if (claims.adopt.length > 0) await checkOwner(deps);
  const adopted = await Promise.all(
    claims.adopt.map((object) => patchOwners(object, adoptPatch(object, deps.owner.metadata, deps.ownerKind), deps)),
  );
  await Promise.all(
    claims.release.map((object) => patchOwners(object, releasePatch(object.metadata.uid, [deps.owner.metadata.uid]), deps)),
  );
  return [...claims.kept, ...adopted.filter((object) => object !== undefined)];
}

async function checkOwner<O, T>({ api, owner, ownerKind }: ClaimDeps<O, T>): Promise<void> {
  const { name = '', namespace, uid } = owner.metadata;
  const fresh = (await api.get(ownerKind, { name, namespace })) as typeof owner;
  if (fresh.metadata.uid !== uid) {
    throw new Error(`original ${ownerKind.kind} ${namespace}/${name} is gone: got uid ${fresh.metadata.uid}, wanted ${uid}`);
  }
  if (fresh.metadata.deletionTimestamp) {
    throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
  }
}

/** Undefined when the object is gone or another one by now. */
async function patchOwners<O, T extends Claimable>(object: T, patch: object, { api, kind }: ClaimDeps<O, T>): Promise<T | undefined> {
  const { name = '', namespace } = object.metadata;
  try {
    return await api.patch(kind, { name, namespace }, 'application/strategic-merge-patch+json', patch);
  } catch (error) {
    // Invalid: the uid in the patch is not the object's.
    if (isGone(error) || (error instanceof ApiError && error.code === 422)) return undefined;
    throw error;
  }
}

/** The index of objects that nobody controls, by namespace: what may be adopted. */
export const orphans = 'orphans';

export function orphanNamespace(object: { metadata: ObjectMeta }): readonly string[] {
  return controllerOf(object.metadata) ? [] : [object.metadata.namespace ?? ''];
}

/** The uid of an object's controller, for the index of what each controls. */
export function controllerUid({ metadata }: { metadata: ObjectMeta }): readonly string[] {
  const owner = controllerOf(metadata);
  return owner ? [owner.uid] : [];
}

/** Whether labels are such as the owner of this selector may adopt. One that is wrong, or selects everything, adopts nothing. */
export function mayAdopt(selector: LabelSelector, labels: Record<string, string> | undefined): boolean {
  try {
    const matcher = labelSelectorMatcher(selector);
    return !matcher.empty && matcher.matches(labels);
  } catch {
    return false;
  }
}

/** Whether a reference names an object of this kind. */
export function refersTo(reference: Pick<OwnerReference, 'apiVersion' | 'kind'>, kind: Kind<unknown>): boolean {
  const group = reference.apiVersion.includes('/') ? reference.apiVersion.slice(0, reference.apiVersion.indexOf('/')) : '';
  return reference.kind === kind.kind && group === kind.group;
}
