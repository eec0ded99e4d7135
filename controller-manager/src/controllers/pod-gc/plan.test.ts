import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, node, pod } from '@keelson/testing';
import type { Pod } from '@keelson/types';
import { absentNodes, planRemovals } from './plan.ts';

const names = (pods: readonly { pod: Pod }[]): (string | undefined)[] => pods.map((one) => one.pod.metadata.name);

test('ended pods beyond the threshold go, evicted ones and the oldest first', () => {
  const ended = (name: string, minute: number, reason?: string): Pod =>
    pod({
      name,
      node: 'n1',
      status: { phase: 'Failed', ...(reason ? { reason } : {}) },
      metadata: { creationTimestamp: `2026-01-01T00:0${minute}:00Z` },
    });
  const pods = [ended('a', 1), ended('b', 2), ended('c', 3, 'Evicted'), pod({ name: 'd', node: 'n1' })];
  const nodes = new Map([['n1', node({ name: 'n1' })]]);
  assert.deepEqual(names(planRemovals({ pods, nodes, threshold: 1 }, new Set())), ['c', 'a']);
  assert.deepEqual(names(planRemovals({ pods, nodes, threshold: 0 }, new Set())), []);
});

test('pods of vanished and of lost nodes go, and those deleted before they were placed', () => {
  const leaving = { deletionTimestamp: created };
  const out = { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] };
  const isReady = (status: string) => ({ conditions: [{ type: 'Ready', status }] });
  const lost = node({ name: 'lost', spec: out, status: isReady('Unknown') });
  const alive = node({ name: 'alive', spec: out, status: isReady('True') });
  const pods = [
    pod({ name: 'orphan', node: 'gone' }),
    pod({ name: 'stays', node: 'lost' }),
    pod({ name: 'stuck', node: 'lost', metadata: leaving }),
    pod({ name: 'ending', node: 'alive', metadata: leaving }),
    pod({ name: 'unplaced', metadata: leaving }),
  ];
  const nodes = new Map([
    ['lost', lost],
    ['alive', alive],
  ]);
  assert.deepEqual(absentNodes(pods, nodes), new Set(['gone']));
  assert.deepEqual(names(planRemovals({ pods, nodes, threshold: 0 }, new Set(['gone']))), ['stuck', 'orphan', 'unplaced']);
});
