import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { encodeStored, ListBytes, tailLength, withRevision } from './wire.ts';

test('a list is the same bytes in pieces of any size as in one', () => {
  const seed = 20_261_121;
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const tail = tailLength('ConfigMap', 'v1');
  for (let round = 0; round < 300; round++) {
    const items = Array.from({ length: below(12) }, (_, i) => ({ metadata: { name: `c-${i}` }, data: { k: 'ü'.repeat(below(200)) } }));
    const wires = items.map((item, i) => withRevision(encodeStored(item, 'ConfigMap', 'v1'), 10 ** below(6) + i));
    const list = new ListBytes({ kind: 'ConfigMapList', apiVersion: 'v1', resourceVersion: '12' }, wires, tail);
    const whole = list.whole();
    const pieces = Array.from(list.pieces(Buffer.alloc(110 + below(900))), (piece) => Buffer.from(piece));
    const about = `round ${round} of seed ${seed}`;
    assert.equal(whole.length, list.length, about);
    assert.ok(Buffer.concat(pieces).equals(whole), about);
    const read = JSON.parse(whole.toString()) as { items: { metadata: { name: string }; data: object }[] };
    assert.deepEqual(
      read.items.map(({ metadata, data }) => ({ name: metadata.name, data })),
      items.map(({ metadata, data }) => ({ name: metadata.name, data })),
      about,
    );
    for (const item of read.items) assert.ok(!('kind' in item), about);
  }
});
