import type { KubeObject } from '@keelson/client';
import type { Kind } from '@keelson/types';
import { sharedEntry } from '../registry/entry.ts';
import type { Registry } from '../registry/registry.ts';
import type { AdmissionAttributes } from './types.ts';

/** All objects of a kind, of one namespace where one is named, shared and frozen; from the cache. For kinds of which there are few. */
export function listObjects<T extends KubeObject>(registry: Registry, kind: Kind<T>, namespace?: string): Readonly<T>[] {
  const store = registry.of(kind);
  const found: Readonly<T>[] = [];
  store.cache.each(store.scopeOf(namespace), (entry) => {
    found.push(sharedEntry<T>(entry));
    return true;
  });
  return found;
}

/** Whether the write is one of the main resource of a kind, by one of these operations. */
export function isWriteOf(
  { store, subresource, operation }: Pick<AdmissionAttributes, 'store' | 'subresource' | 'operation'>,
  { typeName }: Kind,
  ...operations: readonly AdmissionAttributes['operation'][]
): boolean {
  return store.kind.typeName === typeName && subresource === '' && operations.includes(operation);
}
