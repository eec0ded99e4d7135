import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, problems, updateProblems } from '../../testing/exercise.ts';
import { clusterRoleBindingKind, roleBindingKind } from './bindings.ts';
import { clusterRoleKind, roleKind } from './roles.ts';

const apiGroup = 'rbac.authorization.k8s.io';
const roleRef = { apiGroup, kind: 'Role', name: 'a' };
const bound = (...subjects: object[]) => ({ roleRef, subjects });

test('roles that cannot be', () => {
  const mixed = { verbs: ['get'], apiGroups: [''], nonResourceURLs: ['/a'] };
  const at = 'rules[0].nonResourceURLs: Invalid value: ["/a"]: ';
  const both = `${at}rules cannot apply to both regular resources and non-resource URLs`;
  assert.deepEqual(problems(clusterRoleKind, { rules: [mixed] }), [both]);
  assert.deepEqual(problems(roleKind, { rules: [mixed] }), [`${at}namespaced rules cannot apply to non-resource URLs`, both]);
  const selectors = 'aggregationRule.clusterRoleSelectors';
  assert.deepEqual(problems(clusterRoleKind, { aggregationRule: {} }), [
    `${selectors}: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil`,
  ]);
  const odd = { matchExpressions: [{ key: 'a', operator: 'Near' }] };
  assert.deepEqual(problems(clusterRoleKind, { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }, odd] } }), [
    `${selectors}[1].matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator`,
    `${selectors}[1]: Invalid value: null: invalid label selector.`,
  ]);
});

test('bindings that cannot be', () => {
  const cases: [object, ...string[]][] = [
    [bound({ kind: 'User', name: 'A user' }, { kind: 'ServiceAccount', name: 'a', namespace: 'b' })],
    [
      { roleRef: { kind: 'Rule', name: '..' } },
      'roleRef.kind: Unsupported value: "Rule": supported values: "Role", "ClusterRole"',
      'roleRef.name: Invalid value: "..": may not be \'..\'',
    ],
    [
      bound({ kind: 'Robot', name: 'a', namespace: 'b' }),
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
    ],
    [
      bound({ kind: 'Group', name: 'a', apiGroup: 'example.com' }),
      `subjects[0].apiGroup: Unsupported value: "example.com": supported values: "${apiGroup}"`,
    ],
  ];
  for (const [object, ...expected] of cases) assert.deepEqual(problems(roleBindingKind, object), expected);
  const [refused = ''] = problems(roleBindingKind, bound({ kind: 'ServiceAccount', name: 'A' }));
  assert.match(refused, /^subjects\[0\]\.name: Invalid value: "A": a lowercase RFC 1123 subdomain/);
  assert.deepEqual(
    problems(clusterRoleBindingKind, { roleRef: { ...roleRef, kind: 'ClusterRole' }, subjects: [{ kind: 'ServiceAccount' }] }),
    ['subjects[0].name: Required value', 'subjects[0].namespace: Required value'],
  );
});

test('a binding stays with its role, however that is written', () => {
  const change = (next: object) => updateProblems(roleBindingKind, { roleRef }, (binding) => Object.assign(binding, { roleRef: next }));
  assert.deepEqual(change({ name: 'a', kind: 'Role' }), []);
  assert.match(change({ ...roleRef, name: 'b' })[0] ?? '', /^roleRef: Invalid value: .*: cannot change roleRef$/);
  assert.equal(created(roleBindingKind, { roleRef: { kind: 'Role', name: 'a' } }).roleRef.apiGroup, apiGroup);
});
