import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '@keelson/types';
import { isReady } from './ready.ts';

const node = (status: string, lastHeartbeatTime: string): Node =>
  ({ metadata: { name: 'a' }, status: { conditions: [{ type: 'Ready', status, lastHeartbeatTime }] } }) as Node;
const started = Date.parse('2026-01-01T00:00:10.700Z');

test('a node is ready when the kubelet that runs now says so', () => {
  assert.equal(isReady(node('True', '2026-01-01T00:00:10Z'), started), true);
  assert.equal(isReady(node('True', '2026-01-01T00:00:09Z'), started), false, 'the one before said so');
  assert.equal(isReady(node('False', '2026-01-01T00:00:11Z'), started), false);
  assert.equal(isReady({ metadata: { name: 'a' } } as Node, started), false);
});
