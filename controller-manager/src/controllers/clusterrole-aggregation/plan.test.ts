import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterRole } from '@keelson/types';
import { planAggregation } from './plan.ts';

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
const role = (name: string, labels: Record<string, string>, ...resources: string[]): ClusterRole => ({
  metadata: { name, labels },
  rules: resources.map(rule),
});
const sum = (labels: readonly Record<string, string>[], ...resources: string[]): ClusterRole => ({
  ...role('sum', { view: 'true' }, ...resources),
  aggregationRule: { clusterRoleSelectors: labels.map((matchLabels) => ({ matchLabels })) },
});
const all = [
  role('b', { view: 'true' }, 'pods', 'nodes'),
  role('a', { view: 'true' }, 'secrets'),
  role('c', { edit: 'true' }, 'pods', 'events'),
];
const planned = (one: ClusterRole): string[] | undefined =>
  planAggregation(one, [one, ...all])?.rules?.flatMap(({ resources }) => resources ?? []);

test('rules of selected roles, in order, each once, and never its own', () => {
  assert.deepEqual(planned(sum([{ view: 'true' }], 'stale')), ['secrets', 'pods', 'nodes']);
  assert.deepEqual(planned(sum([{ edit: 'true' }, { view: 'true' }])), ['pods', 'events', 'secrets', 'nodes']);
  assert.deepEqual(planned(sum([{ none: 'true' }], 'stale')), []);
});

test('nothing to do is nothing', () => {
  assert.equal(planned(sum([{ view: 'true' }], 'secrets', 'pods', 'nodes')), undefined);
  assert.equal(planned(role('plain', {}, 'x')), undefined);
});
