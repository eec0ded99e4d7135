import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowSchema, PolicyRulesWithSubjects, FlowcontrolV1Subject as Subject } from '@keelson/types';
import { parseRequest } from '../../http/request-info.ts';
import { mandatorySchemas, suggestedSchemas } from '../../kinds/flowcontrol/standard.ts';
import { type Asker, Classifier } from './classify.ts';

const classifierOf = (...schemas: readonly FlowSchema[]) =>
  new Classifier(schemas.map((schema) => ({ schema, value: schema.metadata.name ?? '' })));
const standard = classifierOf(...mandatorySchemas, ...suggestedSchemas);
const anybody = ['system:authenticated'];
const asAccount = (namespace: string, name: string): Asker => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, ...anybody],
});
const asUser = (name: string, ...groups: string[]): Asker => ({ name, groups: [...groups, ...anybody] });

test('the standard schemas take what is theirs', () => {
  const kcm = asUser('system:kube-controller-manager');
  const node = asUser('system:node:a', 'system:nodes');
  const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x';
  const cases: [Asker, string, string, string][] = [
    [asUser('admin', 'system:masters'), 'GET', '/api/v1/pods', 'exempt'],
    [{ name: 'system:anonymous', groups: ['system:unauthenticated'] }, 'GET', '/healthz', 'probes'],
    [asUser('ann'), 'GET', '/livez/etcd', 'probes'],
    [asUser('ann'), 'POST', '/livez', 'global-default'],
    [asUser('ann'), 'GET', '/healthzz', 'global-default'],
    [kcm, 'PUT', lease, 'system-leader-election'],
    [kcm, 'DELETE', lease, 'kube-controller-manager'],
    [asUser('system:kube-scheduler'), 'POST', '/api/v1/namespaces/a/pods/b/binding', 'kube-scheduler'],
    [asAccount('kube-system', 'other'), 'PUT', '/api/v1/namespaces/a/endpoints/b', 'kube-system-service-accounts'],
    [asAccount('kube-system', 'other'), 'PUT', lease, 'system-leader-election'],
    [asAccount('kube-system', 'other'), 'GET', '/api/v1/pods', 'kube-system-service-accounts'],
    [asAccount('kube-systemic', 'other'), 'GET', '/api/v1/pods', 'service-accounts'],
    [node, 'PATCH', '/api/v1/nodes/a/status', 'system-node-high'],
    [node, 'PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a', 'system-node-high'],
    [node, 'PATCH', '/api/v1/namespaces/a/pods/b/status', 'system-nodes'],
    [asUser('ann'), 'GET', '/api/v1/pods', 'global-default'],
  ];
  for (const [user, method, url, expected] of cases) {
    assert.equal(standard.find(parseRequest(method, url), user), expected, `${user.name} ${method} ${url}`);
  }
  assert.equal(standard.find(parseRequest('GET', '/api/v1/pods'), { name: 'odd', groups: [] }), undefined);
});

const one = (name: string, precedence: number, rules: PolicyRulesWithSubjects[]): FlowSchema => ({
  metadata: { name },
  spec: { matchingPrecedence: precedence, priorityLevelConfiguration: { name: 'x' }, rules },
});
const ann: Subject = { kind: 'User', user: { name: 'ann' } };
const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };

test('the least precedence comes first, then the name', () => {
  const rules = (subject: Subject): PolicyRulesWithSubjects[] => [
    { subjects: [subject], resourceRules: [{ ...all, clusterScope: true, namespaces: ['*'] }] },
  ];
  const group: Subject = { kind: 'Group', group: { name: 'system:authenticated' } };
  const classifier = classifierOf(one('b', 20, rules(ann)), one('c', 10, rules(group)), one('a', 20, rules(ann)), one('z', 30, rules(ann)));
  const pods = parseRequest('GET', '/api/v1/pods');
  assert.equal(classifier.find(pods, asUser('ann')), 'c');
  assert.equal(classifier.find(pods, { name: 'ann', groups: [] }), 'a');
});

test('rules look at verbs, groups, resources and places', () => {
  const find = (rule: object, method: string, url: string): boolean =>
    classifierOf(one('a', 1, [{ subjects: [ann], resourceRules: [{ ...all, ...rule }] }])).find(
      parseRequest(method, url),
      asUser('ann'),
    ) === 'a';
  assert.ok(find({ clusterScope: true }, 'GET', '/api/v1/pods'));
  assert.ok(!find({ clusterScope: true }, 'GET', '/api/v1/namespaces/a/pods'), 'no namespace is named');
  assert.ok(!find({ namespaces: ['*'] }, 'GET', '/api/v1/pods'), 'all namespaces at once are the cluster');
  assert.ok(find({ namespaces: ['a'] }, 'GET', '/api/v1/namespaces/a/pods'));
  assert.ok(!find({ namespaces: ['b'] }, 'GET', '/api/v1/namespaces/a/pods'));
  assert.ok(!find({ namespaces: ['*'], resources: ['pods'] }, 'GET', '/api/v1/namespaces/a/pods/b/log'));
  assert.ok(find({ namespaces: ['*'], resources: ['pods/log'] }, 'GET', '/api/v1/namespaces/a/pods/b/log'));
  assert.ok(!find({ namespaces: ['*'], apiGroups: ['apps'] }, 'GET', '/api/v1/namespaces/a/pods'));
  assert.ok(!find({ namespaces: ['*'], verbs: ['list'] }, 'GET', '/api/v1/namespaces/a/pods?watch=1'));
  assert.ok(!find({ clusterScope: true }, 'GET', '/version'), 'a path is no resource');
});

test('any user, any group, paths and what is below them', () => {
  const find = (subject: Subject, url: string): boolean => {
    const rule = { verbs: ['get'], nonResourceURLs: ['/debug/*', '/metrics'] };
    return (
      classifierOf(one('a', 1, [{ subjects: [subject], nonResourceRules: [rule] }])).find(parseRequest('GET', url), asUser('ann')) === 'a'
    );
  };
  for (const subject of [
    { kind: 'User', user: { name: '*' } },
    { kind: 'Group', group: { name: '*' } },
  ]) {
    assert.ok(find(subject, '/debug/x'));
    assert.ok(find(subject, '/metrics/slis'));
    assert.ok(!find(subject, '/debugger'));
    assert.ok(!find(subject, '/api/v1/pods'));
  }
  assert.ok(!find({ kind: 'ServiceAccount', serviceAccount: { namespace: 'a', name: '*' } }, '/debug/x'));
});
