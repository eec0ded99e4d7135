import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';

const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
const v2 = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const utilization = (name: string, averageUtilization: number) => ({
  type: 'Resource',
  resource: { name, target: { type: 'Utilization', averageUtilization } },
});

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

async function createV2(name: string, spec: object): Promise<HorizontalPodAutoscaler> {
  const body = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name } };
  const answer = await server.send('POST', v2, { ...body, spec: { scaleTargetRef, maxReplicas: 5, ...spec } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json<HorizontalPodAutoscaler>();
}

const everyMetric = [
  utilization('memory', 70),
  { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'main', target: { type: 'AverageValue', averageValue: '1' } } },
  { type: 'Pods', pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '10' } } },
  {
    type: 'Object',
    object: { describedObject: scaleTargetRef, metric: { name: 'q' }, target: { type: 'Value', value: '3' } },
  },
  {
    type: 'External',
    external: { metric: { name: 'e', selector: { matchLabels: { a: 'b' } } }, target: { type: 'AverageValue', averageValue: '5' } },
  },
  utilization('cpu', 60),
];

test('what version 1 has no fields for stands in its annotations, and comes back', async () => {
  const behavior = { scaleDown: { stabilizationWindowSeconds: 60, tolerance: '0.2' } };
  const stored = await createV2('whole', { metrics: everyMetric, behavior });
  const seen = (await server.send('GET', `${v1}/whole`)).json<HorizontalPodAutoscalerV1>();
  assert.equal(seen.apiVersion, 'autoscaling/v1');
  assert.equal(seen.spec.targetCPUUtilizationPercentage, 60);
  const metrics = JSON.parse(seen.metadata.annotations?.['autoscaling.alpha.kubernetes.io/metrics'] ?? '') as unknown[];
  assert.deepEqual(metrics[0], { type: 'Resource', resource: { name: 'memory', targetAverageUtilization: 70 } });
  assert.equal(metrics.length, 5);
  const same = await server.send('PUT', `${v1}/whole`, seen);
  assert.equal(same.json<HorizontalPodAutoscalerV1>().metadata.resourceVersion, stored.metadata.resourceVersion, same.text);
  assert.deepEqual((await server.send('GET', `${v2}/whole`)).json(), stored);
});

test('the status goes through version 1 and back', async () => {
  await createV2('status', {});
  const condition = { type: 'AbleToScale', status: 'True', lastTransitionTime: '2026-01-02T03:04:05Z', reason: 'A', message: 'b' };
  const currentMetrics = [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12, averageValue: '30m' } } }];
  const status = { currentReplicas: 1, desiredReplicas: 2, currentMetrics, conditions: [condition] };
  const patched = await server.send('PATCH', `${v2}/status/status`, { status }, { 'content-type': 'application/merge-patch+json' });
  assert.equal(patched.status, 200, patched.text);
  const seen = (await server.send('GET', `${v1}/status`)).json<HorizontalPodAutoscalerV1>();
  assert.deepEqual(seen.status, { currentReplicas: 1, desiredReplicas: 2, currentCPUUtilizationPercentage: 12 });
  const written = await server.send('PUT', `${v1}/status/status`, { ...seen, status: { ...seen.status, desiredReplicas: 3 } });
  assert.equal(written.status, 200, written.text);
  const stored = (await server.send('GET', `${v2}/status`)).json<HorizontalPodAutoscaler>();
  assert.deepEqual(stored.status, { ...status, desiredReplicas: 3 });
});

test('version 1 creates, patches and is watched; both versions see one object', async () => {
  const body = { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'one' } };
  const created = await server.send('POST', v1, { ...body, spec: { scaleTargetRef, maxReplicas: 2 } });
  assert.equal(created.status, 201, created.text);
  assert.deepEqual((await server.send('GET', `${v2}/one`)).json<HorizontalPodAutoscaler>().spec.metrics, [utilization('cpu', 80)]);
  const patch = { spec: { targetCPUUtilizationPercentage: 50 } };
  const patched = await server.send('PATCH', `${v1}/one`, patch, { 'content-type': 'application/strategic-merge-patch+json' });
  assert.equal(patched.json<HorizontalPodAutoscalerV1>().spec.targetCPUUtilizationPercentage, 50, patched.text);
  const since = created.json<HorizontalPodAutoscalerV1>().metadata.resourceVersion;
  const stream = await server.send('GET', `${v1}?watch=true&resourceVersion=${since}&timeoutSeconds=1`);
  const events = stream.text.trim().split('\n');
  const event = JSON.parse(events[0] ?? '') as { type: string; object: HorizontalPodAutoscalerV1 };
  assert.deepEqual([event.type, event.object.apiVersion], ['MODIFIED', 'autoscaling/v1']);
  assert.equal(event.object.spec.targetCPUUtilizationPercentage, 50);
  const list = (await server.send('GET', v1)).json<{ apiVersion: string; items: HorizontalPodAutoscalerV1[] }>();
  assert.equal(list.apiVersion, 'autoscaling/v1');
  assert.ok(list.items.every(({ spec }) => spec.targetCPUUtilizationPercentage));
  const table = await server.send('GET', `${v1}/one`, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  assert.equal(table.json<{ rows: { cells: unknown[] }[] }>().rows[0]?.cells[2], 'cpu: <unknown>/50%');
});

test('annotations that do not hold what they should are refused', async () => {
  const annotations = [
    { 'autoscaling.alpha.kubernetes.io/metrics': '{' },
    { 'autoscaling.alpha.kubernetes.io/metrics': '[{"type":"Resource","resource":3}]' },
    { 'autoscaling.alpha.kubernetes.io/behavior': '{"scaleUp":{"policies":[null]}}' },
    { 'autoscaling.alpha.kubernetes.io/metrics': '[{"type":"Resource","resource":{"name":"cpu","targetAverageValue":"x"}}]' },
  ];
  for (const one of annotations) {
    const metadata = { name: 'odd', annotations: one };
    const body = { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata };
    const answer = await server.send('POST', v1, { ...body, spec: { scaleTargetRef, maxReplicas: 2 } });
    assert.equal(answer.status, 400, answer.text);
  }
});
