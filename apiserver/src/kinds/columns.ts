import type { KubeObject } from '@keelson/client';
import { humanDuration } from '@keelson/machinery';
import type { ObjectMeta } from '@keelson/types';
import type { Column } from './types.ts';

/** `<unknown>` for objects that were never stored. */
export function age(object: { metadata: ObjectMeta }, now: number): string {
  const { creationTimestamp } = object.metadata;
  return creationTimestamp ? humanDuration(now - Date.parse(creationTimestamp)) : '<unknown>';
}

export const nameColumn: Column<KubeObject> = { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' };
export const ageColumn: Column<KubeObject> = { name: 'Age', type: 'string', cell: age };

/** What kinds without columns of their own show. */
export const defaultColumns: readonly Column<KubeObject>[] = [
  nameColumn,
  { name: 'Created At', type: 'date', cell: ({ metadata }) => (metadata as ObjectMeta).creationTimestamp ?? '' },
];
