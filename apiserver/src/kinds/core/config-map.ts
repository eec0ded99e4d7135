import { equal, type FieldError, fieldForbidden, fieldInvalid, fieldTooLong, isConfigMapKey, path } from '@keelson/machinery';
import { ConfigMap } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';

/** Bytes a ConfigMap or Secret may hold in all. */
export const dataLimit = 1024 * 1024;

export const configMapKind: KindDefinition<ConfigMap> = {
  kind: ConfigMap,
  validate({ data = {}, binaryData = {} }) {
    const errors: FieldError[] = [];
    for (const [member, values] of [
      ['data', data],
      ['binaryData', binaryData],
    ] as const) {
      for (const key of Object.keys(values)) {
        for (const message of isConfigMapKey(key)) errors.push(fieldInvalid(path(member).key(key), key, message));
        if (member === 'data' && Object.hasOwn(binaryData, key))
          errors.push(fieldInvalid(path(member).key(key), key, 'duplicate of key present in binaryData'));
      }
    }
    const size = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0) + byteSize(binaryData);
    if (size > dataLimit) errors.push(fieldTooLong(path(''), dataLimit));
    return errors;
  },
  validateUpdate: (next, old) => immutableErrors(next, old, ['data', 'binaryData']),
  columns: [
    nameColumn,
    {
      name: 'Data',
      type: 'string',
      cell: ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    },
    ageColumn,
  ],
};

/** Decoded size in bytes of base64 values. */
export function byteSize(values: Readonly<Record<string, string>>): number {
  return Object.values(values).reduce((sum, text) => sum + Buffer.byteLength(text, 'base64'), 0);
}

interface Freezable {
  readonly immutable?: boolean | undefined;
}

/** What may not change once `immutable: true` was set. */
export function immutableErrors<T extends Freezable>(next: T, old: T, members: readonly (keyof T & string)[]): FieldError[] {
  if (!old.immutable) return [];
  const errors: FieldError[] = [];
  if (!next.immutable) errors.push(fieldForbidden(path('immutable'), 'field is immutable when `immutable` is set'));
  for (const member of members) {
    if (!equal(next[member] ?? {}, old[member] ?? {}))
      errors.push(fieldForbidden(path(member), 'field is immutable when `immutable` is set'));
  }
  return errors;
}
