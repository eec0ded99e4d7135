import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlledBy, deployment, node, pod, replicaSet } from './builders.ts';

test('builders fill in what a test does not care about', () => {
  const { metadata, spec, status } = pod({ name: 'web', node: 'n1', requests: { cpu: '1' } });
  assert.deepEqual([metadata.name, metadata.namespace, metadata.uid], ['web', 'default', 'pod-default-web']);
  assert.deepEqual([spec?.nodeName, spec?.containers[0]?.resources?.requests, status?.phase], ['n1', { cpu: '1' }, 'Pending']);
  assert.equal(node({ name: 'n1' }).metadata.namespace, undefined);
});

test('a workload selects the labels of its template, and owns what it made', () => {
  const web = deployment({ name: 'web', replicas: 3 });
  assert.deepEqual(web.spec?.selector.matchLabels, web.spec?.template.metadata?.labels);
  const set = replicaSet({ name: 'web-1', owner: controlledBy(web) });
  assert.equal(set.metadata.ownerReferences?.[0]?.uid, 'deployment-default-web');
});
