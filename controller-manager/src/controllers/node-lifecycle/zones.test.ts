import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node } from '@keelson/testing';
import type { Node } from '@keelson/types';
import { evictionRateIn, zoneOf, zoneState } from './zones.ts';

const options = { evictionRate: 0.1, secondaryEvictionRate: 0.01, unhealthyZoneThreshold: 0.55, largeClusterSizeThreshold: 50 };

function nodes(zone: string, ready: number, lost: number): Node[] {
  return Array.from({ length: ready + lost }, (_, i) =>
    node({
      name: `${zone}-${i}`,
      metadata: { labels: { 'topology.kubernetes.io/region': 'r', 'topology.kubernetes.io/zone': zone } },
      status: { conditions: [{ type: 'Ready', status: i < ready ? 'True' : 'Unknown' }] },
    }),
  );
}

test('a zone is disrupted by part of it, never by two nodes', () => {
  const state = (ready: number, lost: number): string => zoneState(nodes('a', ready, lost), 0.55);
  assert.deepEqual([state(3, 0), state(1, 2), state(3, 3), state(2, 3)], ['Normal', 'Normal', 'Normal', 'PartialDisruption']);
  assert.deepEqual([state(0, 1), state(0, 0)], ['FullDisruption', 'Normal']);
});

test('from a small disrupted zone nothing is evicted, from a large one slowly, from a lost one as ever', () => {
  const zone = zoneOf(nodes('a', 1, 0)[0] as Node);
  assert.equal(zone, 'r:a');
  const rate = (...all: Node[][]): number | undefined => evictionRateIn(zone, all.flat(), options);
  assert.equal(rate(nodes('a', 9, 1)), 0.1);
  assert.equal(rate(nodes('a', 2, 3), nodes('b', 5, 0)), 0);
  assert.equal(rate(nodes('a', 20, 31)), 0.01);
  assert.equal(rate(nodes('a', 0, 5), nodes('b', 1, 0)), 0.1);
  assert.equal(rate(nodes('a', 0, 5), nodes('b', 0, 1)), undefined);
});
