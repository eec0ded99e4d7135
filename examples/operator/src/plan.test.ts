import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childrenOf, refusal, statusOf } from './plan.ts';
import type { Site } from './site.ts';

const site: Site = {
  metadata: { name: 'a', namespace: 'n', uid: 'u', generation: 3 },
  spec: { greeting: 'Hi', replicas: 2, image: 'i:1' },
};

test('a site becomes a deployment and a service that go with it', () => {
  const { deployment, service } = childrenOf(site);
  assert.equal(deployment.spec?.replicas, 2);
  assert.deepEqual(deployment.spec?.template.spec?.containers[0]?.env, [{ name: 'GREETING', value: 'Hi' }]);
  for (const { metadata } of [deployment, service]) assert.equal(metadata?.ownerReferences?.[0]?.uid, 'u');
  assert.deepEqual(service.spec?.selector, deployment.spec?.selector.matchLabels);
});

test('it is ready when all are, and the deployment is of the site as it is now', () => {
  const { deployment } = childrenOf(site);
  const ready = (readyReplicas: number, observedGeneration = 1): string | undefined =>
    statusOf(site, { ...deployment, metadata: { generation: 1 }, status: { replicas: 2, readyReplicas, observedGeneration } }).conditions[0]
      ?.status;
  assert.equal(statusOf(site, undefined).conditions[0]?.status, 'False');
  assert.deepEqual([ready(1), ready(2), ready(2, 0)], ['False', 'True', 'False']);
});

test('what is rude is refused', () => {
  assert.equal(refusal(site), undefined);
  assert.match(refusal({ spec: { ...site.spec, greeting: 'Bah, humbug' } }) ?? '', /"Bah" is no way/);
});
