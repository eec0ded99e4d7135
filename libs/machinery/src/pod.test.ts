import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod, PodSpec } from '@keelson/types';
import { podLimits, podRequests, qosClass } from './podresources.ts';
import * as state from './podstate.ts';
import { formatQuantity } from './quantity.ts';

const container = (requests: Record<string, string>, more: Partial<Container> = {}): Container => ({
  name: 'c',
  resources: { requests },
  ...more,
});
const pod = (spec: Partial<PodSpec>): Pod => ({ metadata: { name: 'p' }, spec: { containers: [], ...spec } });
const print = (total: ReturnType<typeof podRequests>): Record<string, string> =>
  Object.fromEntries(Object.entries(total).map(([name, amount]) => [name, formatQuantity(amount)]));
const always = { restartPolicy: 'Always' };

const totals: [name: string, spec: Partial<PodSpec>, expected: Record<string, string>][] = [
  ['nothing', {}, {}],
  [
    'containers add up',
    { containers: [container({ cpu: '1' }), container({ cpu: '500m', memory: '1Gi' })] },
    { cpu: '1500m', memory: '1Gi' },
  ],
  [
    'the largest init container counts',
    { containers: [container({ cpu: '1' })], initContainers: [container({ cpu: '3' }), container({ cpu: '2' })] },
    { cpu: '3' },
  ],
  [
    'sidecars run beside the containers',
    { containers: [container({ cpu: '1' })], initContainers: [container({ cpu: '1' }, always)] },
    { cpu: '2' },
  ],
  [
    'init containers need the sidecars before them',
    {
      containers: [container({ cpu: '1' })],
      initContainers: [container({ cpu: '1' }, always), container({ cpu: '4' }), container({ cpu: '1' }, always)],
    },
    { cpu: '5' },
  ],
  [
    'the overhead is added',
    { containers: [container({ cpu: '1' })], overhead: { cpu: '250m', memory: '64Mi' } },
    { cpu: '1250m', memory: '64Mi' },
  ],
  [
    'pod-level resources decide',
    { containers: [container({ cpu: '1', 'x/gpu': '1' })], resources: { requests: { cpu: '4' } } },
    { cpu: '4', 'x/gpu': '1' },
  ],
];

for (const [name, spec, expected] of totals) test(`pod requests: ${name}`, () => assert.deepEqual(print(podRequests(pod(spec))), expected));

test('pod limits: the overhead only where there is a limit', () => {
  const spec = { containers: [{ name: 'c', resources: { limits: { cpu: '1' } } }], overhead: { cpu: '1', memory: '1Mi' } };
  assert.deepEqual(print(podLimits(pod(spec))), { cpu: '2' });
});

const both = { cpu: '1', memory: '1Gi' };
const classes: [expected: string, spec: Partial<PodSpec>][] = [
  ['BestEffort', { containers: [{ name: 'c' }] }],
  ['BestEffort', { containers: [container({ cpu: '0' })] }],
  ['BestEffort', { containers: [container({ 'x/gpu': '1' })] }],
  ['Burstable', { containers: [container({ cpu: '1' })] }],
  ['Burstable', { containers: [{ name: 'c', resources: { limits: both, requests: { ...both, cpu: '500m' } } }] }],
  ['Burstable', { containers: [{ name: 'c', resources: { limits: both, requests: both } }, { name: 'd' }] }],
  ['Guaranteed', { containers: [{ name: 'c', resources: { limits: both, requests: { cpu: '1000m', memory: '1Gi' } } }] }],
  ['Burstable', { containers: [{ name: 'c', resources: { limits: both, requests: both } }], initContainers: [container({ cpu: '1' })] }],
  ['Guaranteed', { containers: [{ name: 'c' }], resources: { limits: both, requests: both } }],
];

test('quality of service', () => {
  for (const [expected, spec] of classes) assert.equal(qosClass(pod(spec)), expected, JSON.stringify(spec));
});

test('readiness and availability', () => {
  const at = Date.parse('2024-01-01T00:00:00Z');
  const ready: Pod = {
    ...pod({}),
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2024-01-01T00:00:00Z' }] },
  };
  assert.equal(state.isPodReady(ready), true);
  assert.equal(state.isPodReady(pod({})), false);
  assert.equal(state.isPodAvailable(ready, 0, at), true);
  assert.equal(state.isPodAvailable(ready, 10, at + 9_999), false);
  assert.equal(state.isPodAvailable(ready, 10, at + 10_000), true);
  assert.equal(state.untilPodAvailable(ready, 10, at + 4_000), 6_000);
  assert.equal(state.untilPodAvailable(pod({}), 10, at), undefined);
});

test('phases', () => {
  const failed: Pod = { ...pod({}), status: { phase: 'Failed' } };
  const leaving: Pod = { metadata: { name: 'p', deletionTimestamp: '2024-01-01T00:00:00Z' }, spec: { containers: [] } };
  assert.deepEqual([pod({}), failed, leaving].map(state.isPodTerminal), [false, true, false]);
  assert.deepEqual([pod({}), failed, leaving].map(state.isPodActive), [true, false, false]);
  assert.equal(state.podPhase(pod({})), 'Pending');
  assert.equal(state.isPodScheduled(pod({ nodeName: 'n' })), true);
});
