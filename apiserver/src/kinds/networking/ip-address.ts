import {
  canonicalIp,
  type FieldError,
  type FieldPath,
  fieldRequired,
  isDNS1123Subdomain,
  isPathSegment,
  path,
  validateImmutable,
  validateIp,
} from '@keelson/machinery';
import { IPAddress, type ParentReference } from '@keelson/types';
import { nameColumn } from '../columns.ts';
import { optionalName, requiredName } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';

const at = path('spec', 'parentRef');

export const ipAddressKind: KindDefinition<IPAddress> = {
  kind: IPAddress,
  name: addressProblems,
  validate: ({ spec }) => (spec?.parentRef ? parentErrors(spec.parentRef, at) : [fieldRequired(at)]),
  validateUpdate: (next, old) => validateImmutable(next.spec?.parentRef, old.spec.parentRef, at),
  columns: [nameColumn, { name: 'ParentRef', type: 'string', cell: ({ spec }) => parentText(spec.parentRef) }],
};

/** The name is the address, in its one canonical form. */
function addressProblems(name: string): readonly string[] {
  const problems = validateIp(name, '').map(({ detail }) => detail);
  const canonical = canonicalIp(name);
  return problems.length > 0 || canonical === name ? problems : [`must be in canonical form ("${canonical}")`];
}

function parentErrors({ group, resource, name, namespace }: ParentReference, where: FieldPath): FieldError[] {
  return [
    ...optionalName(group, isDNS1123Subdomain, where.child('group')),
    ...requiredName(resource, isPathSegment, where.child('resource')),
    ...requiredName(name, isPathSegment, where.child('name')),
    ...optionalName(namespace, isPathSegment, where.child('namespace')),
  ];
}

/** `services/default/web`, with the group after the resource where there is one. */
function parentText(parent: ParentReference | undefined): string {
  if (!parent) return '<none>';
  const { group, resource, namespace, name } = parent;
  const kind = `${resource}${group ? `.${group}` : ''}`.toLowerCase();
  return [kind, namespace, name].filter(Boolean).join('/');
}
