import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule, Subject } from '@keelson/types';
import type { AnyObject } from '../../types.ts';
import { uncovered } from './covers.ts';
import { reconcile } from './plan.ts';

const rule = (verbs: string, resources: string, more: Partial<PolicyRule> = {}): PolicyRule => ({
  verbs: verbs.split(','),
  apiGroups: [''],
  resources: resources.split(','),
  ...more,
});
const role = (rules: PolicyRule[], metadata: object = {}): AnyObject => ({ kind: 'Role', metadata: { name: 'r', ...metadata }, rules });
const keep = { permissions: false, subjects: false };
const remove = { permissions: true, subjects: true };

test('what rules do not allow, one verb of one thing at a time', () => {
  assert.deepEqual(uncovered([rule('get', 'pods')], [rule('get,list', 'pods')]), [rule('list', 'pods')]);
  assert.deepEqual(uncovered([rule('*', '*', { apiGroups: ['*'] })], [rule('get', 'pods/log')]), []);
  assert.deepEqual(uncovered([rule('get', '*/log')], [rule('get', 'pods/log'), rule('get', 'pods')]), [rule('get', 'pods')]);
  const named = rule('get', 'pods', { resourceNames: ['a'] });
  assert.deepEqual(uncovered([named], [rule('get', 'pods')]), [rule('get', 'pods')]);
  assert.deepEqual(uncovered([rule('get', 'pods')], [named]), []);
  const url = (path: string): PolicyRule => ({ verbs: ['get'], nonResourceURLs: [path] });
  assert.deepEqual(uncovered([url('/healthz/*')], [url('/healthz/etcd'), url('/metrics')]), [url('/metrics')]);
});

test('a role gains what it lacks, and loses what is too much only when told', () => {
  const wanted = role([rule('list', 'pods')]);
  const live = role([rule('get', 'pods')], { uid: 'u' });
  const added = reconcile(wanted, live, keep);
  assert.deepEqual([added.action, added.object.rules], ['update', [rule('get', 'pods'), rule('list', 'pods')]]);
  const exact = reconcile(wanted, live, remove);
  assert.deepEqual([exact.action, exact.object.rules, exact.extraRules], ['update', [rule('list', 'pods')], [rule('get', 'pods')]]);
  assert.equal(reconcile(wanted, added.object, keep).action, 'none');
  assert.equal(reconcile(wanted, undefined, keep).action, 'create');
  const optedOut = role([], { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } });
  assert.equal(reconcile(wanted, optedOut, keep).protected, true);
});

test('the rules of a role that gathers others are left to their controller', () => {
  const selector = { matchLabels: { a: 'b' } };
  const gathers = (selectors: object[]): AnyObject => ({
    ...role([]),
    kind: 'ClusterRole',
    aggregationRule: { clusterRoleSelectors: selectors },
  });
  const live = { ...gathers([{ matchLabels: { old: 'x' } }]), rules: [rule('get', 'pods')] };
  const done = reconcile(gathers([selector]), live, keep);
  assert.deepEqual(done.object.aggregationRule, { clusterRoleSelectors: [{ matchLabels: { old: 'x' } }, selector] });
  assert.deepEqual([done.action, done.object.rules], ['update', [rule('get', 'pods')]]);
});

test('a binding gains and loses subjects, and is made anew for another role', () => {
  const user = (name: string): Subject => ({ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' });
  const binding = (subjects: Subject[], name = 'r'): AnyObject => ({
    kind: 'RoleBinding',
    metadata: { name: 'b' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects,
  });
  assert.deepEqual(reconcile(binding([user('b')]), binding([user('a')]), keep).object.subjects, [user('a'), user('b')]);
  assert.deepEqual(reconcile(binding([user('b')]), binding([user('a')]), remove).object.subjects, [user('b')]);
  assert.equal(reconcile(binding([{ kind: 'User', name: 'a' }]), binding([user('a')]), remove).action, 'none');
  assert.equal(reconcile(binding([user('a')], 'other'), binding([user('a')]), keep).action, 'recreate');
});
