import {
  equal,
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  isDNS1123Subdomain,
  isPathSegment,
  path,
} from '@keelson/machinery';
import { ClusterRoleBinding, RoleBinding, type Subject } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { requiredName } from '../field-checks.ts';
import type { Column, KindDefinition } from '../types.ts';

type Binding = ClusterRoleBinding | RoleBinding;

const rbacGroup = 'rbac.authorization.k8s.io';
const subjectKinds = ['ServiceAccount', 'User', 'Group'];

const subjectsOf =
  (kind: string) =>
  ({ subjects }: Binding) =>
    (subjects ?? [])
      .filter((subject) => subject.kind === kind)
      .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
      .join(', ');

const columns: readonly Column<Binding>[] = [
  nameColumn,
  { name: 'Role', type: 'string', cell: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
  ageColumn,
  { name: 'Users', type: 'string', priority: 1, cell: subjectsOf('User') },
  { name: 'Groups', type: 'string', priority: 1, cell: subjectsOf('Group') },
  { name: 'ServiceAccounts', type: 'string', priority: 1, cell: subjectsOf('ServiceAccount') },
];

export const roleBindingKind: KindDefinition<RoleBinding> = {
  kind: RoleBinding,
  name: isPathSegment,
  createOnUpdate: true,
  defaults,
  validate: (binding) => errorsOf(binding, true),
  validateUpdate: roleRefUnchanged,
  columns,
};

export const clusterRoleBindingKind: KindDefinition<ClusterRoleBinding> = {
  kind: ClusterRoleBinding,
  name: isPathSegment,
  createOnUpdate: true,
  defaults,
  validate: (binding) => errorsOf(binding, false),
  validateUpdate: roleRefUnchanged,
  columns,
};

function defaults(binding: Binding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= rbacGroup;
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
  }
}

function errorsOf({ roleRef, subjects }: Binding, namespaced: boolean): FieldError[] {
  const at = path('roleRef');
  const errors: FieldError[] = [];
  if (roleRef?.apiGroup !== rbacGroup) errors.push(fieldUnsupported(at.child('apiGroup'), roleRef?.apiGroup ?? '', [rbacGroup]));
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  if (!kinds.includes(roleRef?.kind ?? '')) errors.push(fieldUnsupported(at.child('kind'), roleRef?.kind ?? '', kinds));
  errors.push(...requiredName(roleRef?.name, isPathSegment, at.child('name')));
  return [...errors, ...(subjects ?? []).flatMap((subject, index) => subjectErrors(subject, path('subjects').index(index), namespaced))];
}

function subjectErrors({ kind, name, namespace, apiGroup = '' }: Subject, at: FieldPath, namespaced: boolean): FieldError[] {
  const isAccount = kind === 'ServiceAccount';
  const errors = requiredName(name, isAccount ? isDNS1123Subdomain : () => [], at.child('name'));
  if (!subjectKinds.includes(kind)) return [...errors, fieldUnsupported(at.child('kind'), kind, subjectKinds)];
  const group = isAccount ? '' : rbacGroup;
  if (apiGroup !== group) errors.push(fieldUnsupported(at.child('apiGroup'), apiGroup, [group]));
  if (isAccount && !namespaced && !namespace) errors.push(fieldRequired(at.child('namespace')));
  return errors;
}

function roleRefUnchanged(next: Binding, old: Binding): FieldError[] {
  return equal(next.roleRef, old.roleRef) ? [] : [fieldInvalid(path('roleRef'), next.roleRef, 'cannot change roleRef')];
}
