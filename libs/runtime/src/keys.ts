import type { KubeObject, ObjectKey } from '@keelson/client';
import type { Key } from './types.ts';

/** `namespace/name`, or `name` for cluster-scoped objects. */
export function keyOf(object: { readonly metadata?: KubeObject['metadata'] | undefined }): Key {
  return joinKey({ name: object.metadata?.name ?? '', namespace: object.metadata?.namespace });
}

export function joinKey({ name, namespace }: ObjectKey): Key {
  return namespace ? `${namespace}/${name}` : name;
}

export function splitKey(key: Key): ObjectKey {
  const slash = key.indexOf('/');
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
