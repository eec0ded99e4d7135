import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, ResourceSlice } from '@keelson/types';
import { alignTabs } from '../printers/tabwriter.ts';
import { nodeLines } from './node.ts';

test('a node tells of the devices that are on it alone, and that its pods may not be seen', () => {
  const node: Node = { metadata: { name: 'n' }, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } };
  const slice = (pool: string, devices: number): ResourceSlice => ({
    metadata: { name: 'x' },
    spec: {
      driver: 'd',
      pool: { name: pool, generation: 1, resourceSliceCount: 1 },
      devices: Array.from({ length: devices }, (_, i) => ({ name: `${i}` })),
    },
  });
  const many = Array.from({ length: 11 }, (_, i) => slice(`p${i}`, 1));
  const lines = nodeLines(node, { lease: 'none', slices: [...many, slice('p0', 2)], pods: undefined }, 0);
  const text = alignTabs(lines.join('\n')).split('\n');
  assert.ok(text.includes('Taints:             a:NoSchedule'));
  const at = text.indexOf('Node-Local ResourceSlices:');
  assert.deepEqual(text.slice(at + 1, at + 5), [
    '  Driver  Pool  Slices  Devices',
    '  ------  ----  ------  -------',
    '  d       p0    2       3',
    '  d       p1    1       1',
  ]);
  assert.equal(text[at + 13], '  ...and 1 more pools');
  assert.equal(text.at(-1)?.replace(/ +/, ' '), 'Pods: not authorized');
});
