import { controllerOf, type FieldError, fieldRequired, path, validateImmutable, validateNonNegative } from '@keelson/machinery';
import { ControllerRevision } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';

export const controllerRevisionKind: KindDefinition<ControllerRevision> = {
  kind: ControllerRevision,
  validate({ data, revision }) {
    const errors: FieldError[] = data === undefined ? [fieldRequired(path('data'), 'data is mandatory')] : [];
    return [...errors, ...validateNonNegative(revision ?? 0, path('revision'))];
  },
  validateUpdate: (next, old) => validateImmutable(next.data, old.data, path('data')),
  columns: [
    nameColumn,
    { name: 'Controller', type: 'string', cell: controllerText },
    { name: 'Revision', type: 'string', cell: ({ revision }) => revision },
    ageColumn,
  ],
};

/** `daemonset.apps/name` */
function controllerText({ metadata }: ControllerRevision): string {
  const owner = controllerOf(metadata);
  if (!owner) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}
