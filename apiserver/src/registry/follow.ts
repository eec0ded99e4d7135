import type { KubeObject } from '@keelson/client';
import type { Kind } from '@keelson/types';
import { parseEntry } from './entry.ts';
import type { Registry } from './registry.ts';
import { plainObjects } from './watchers.ts';

export interface Change<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** On DELETED, as it last was. */
  readonly object: T;
}

/** Shows every present object of a kind as ADDED, and from then on every change, as the cache hears of it. For as long as the registry lives. */
export function follow<T extends KubeObject>(registry: Registry, kind: Kind<T>, onChange: (change: Change<T>) => void): void {
  const { cache } = registry.of(kind);
  cache.each(cache.prefix, (entry) => {
    onChange({ type: 'ADDED', object: parseEntry<T>(entry) });
    return true;
  });
  const selection = { namespace: undefined, fieldEquals: {}, matches: () => true };
  cache.watchers.add({ selection, representation: plainObjects, deliver: (frame) => onChange(JSON.parse(frame.toString()) as Change<T>) });
}
