import {
  type FieldError,
  type FieldPath,
  fieldRequired,
  formatIp,
  isDNS1123Subdomain,
  isPathSegment,
  parseIp,
  path,
  validateImmutable,
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
  const address = parseIp(name);
  if (!address) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  const canonical = formatIp(address);
  return canonical === name ? [] : [`must be in canonical form ("${canonical}")`];
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
