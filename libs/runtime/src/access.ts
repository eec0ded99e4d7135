import { assert } from '@keelson/base';
import { type Api, parentOf, type ResourceRef, type WriteOptions } from '@keelson/client';
import type { AnyKind, ControllerDefinition } from './types.ts';

type Declared = Pick<ControllerDefinition, 'name' | 'reads' | 'writes'>;

/** An Api on which only what the controller declares works; anything else is a mistake of its author and throws. */
export function restrictApi(api: Api, definition: Declared): Api {
  const readable = new Set([...definition.reads, ...definition.writes].map(nameOf));
  const writable = new Set(definition.writes.map(nameOf));
  const everything = definition.writes.includes('*');
  const mayRead = (kind: AnyKind): void =>
    assert(everything || readable.has(nameOf(kind)), `controller ${definition.name} declares that it reads ${nameOf(kind)}`);
  const mayWrite = (name: string): void =>
    assert(
      everything || writable.has(name) || writable.has(name.replace(/^[^/]+\//, '*/')),
      `controller ${definition.name} declares that it writes ${name}`,
    );
  const reading = async <R>(kind: AnyKind, call: () => Promise<R>): Promise<R> => {
    mayRead(kind);
    return call();
  };
  const writing = async <R>(kind: AnyKind, options: WriteOptions | undefined, call: () => Promise<R>): Promise<R> => {
    mayWrite(options?.subresource ? `${parentOf(kind, options).resource}/${options.subresource}` : nameOf(kind));
    return call();
  };
  return {
    get: (kind, key) => reading(kind, () => api.get(kind, key)),
    list: (kind, query) => reading(kind, () => api.list(kind, query)),
    watch(kind, query) {
      mayRead(kind);
      return api.watch(kind, query);
    },
    create: (kind, object, options) => writing(kind, options, () => api.create(kind, object, options)),
    update: (kind, object, options) => writing(kind, options, () => api.update(kind, object, options)),
    patch: (kind, key, type, patch, options) => writing(kind, options, () => api.patch(kind, key, type, patch, options)),
    delete: (kind, key, query) => writing(kind, undefined, () => api.delete(kind, key, query)),
    deleteCollection: (kind, query, options) => writing(kind, undefined, () => api.deleteCollection(kind, query, options)),
    table: (kind, query) => reading(kind, () => api.table(kind, query)),
    async raw(request) {
      if (request.method !== 'GET') mayWrite('*');
      return api.raw(request);
    },
  };
}

/** `pods`, `deployments.apps`; what is a string already (`replicasets/status`) stays. */
function nameOf(access: ResourceRef | string): string {
  if (typeof access === 'string') return access;
  return access.group === '' ? access.resource : `${access.resource}.${access.group}`;
}
