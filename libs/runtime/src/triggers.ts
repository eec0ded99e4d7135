import type { KubeObject } from '@keelson/client';
import type { Kind, OwnerReference } from '@keelson/types';
import { keyOf } from './keys.ts';
import type { Change, IndexFunction, Key, Stores, Trigger } from './types.ts';

/** Objects that have owners: every generated type fits. */
export interface Owned extends KubeObject {
  metadata: KubeObject['metadata'] & { ownerReferences?: readonly OwnerReference[] | undefined };
}

/** The index that `ownerOf` declares: children by the uid of their controller. */
export const ownerUid = 'ownerUID';

/** Each object's own key. */
export function self<T extends KubeObject>(kind: Kind<T>, when?: (change: Change<T>) => boolean): Trigger<T> {
  return { kind, keys: (object) => [keyOf(object)], ...(when ? { when } : {}) };
}

/** The key of the controller of a child, if that is of `ownerKind`. Declares index `ownerUid` on the children. */
export function ownerOf<T extends Owned>(
  childKind: Kind<T>,
  ownerKind: Pick<Kind<unknown>, 'group' | 'kind' | 'namespaced'>,
  when?: (change: Change<T>) => boolean,
): Trigger<T> {
  const keys = (child: T): readonly Key[] => {
    const owner = controllerOf(child);
    if (owner?.kind !== ownerKind.kind || groupOf(owner.apiVersion) !== ownerKind.group) return [];
    return [ownerKind.namespaced ? `${child.metadata.namespace}/${owner.name}` : owner.name];
  };
  return { kind: childKind, keys, indexes: { [ownerUid]: byOwnerUid }, ...(when ? { when } : {}) };
}

/** Keys computed from an object and the present state of others. */
export function mapped<T>(
  kind: Kind<T>,
  keys: (object: T, stores: Stores) => readonly Key[],
  options: {
    readonly when?: (change: Change<T>, stores: Stores) => boolean;
    readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  } = {},
): Trigger<T> {
  return { kind, keys, ...options };
}

/** The owner that manages an object, if it has one. */
export function controllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

function byOwnerUid(child: Owned): readonly string[] {
  const owner = controllerOf(child);
  return owner ? [owner.uid] : [];
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}
