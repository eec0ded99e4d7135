import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { LineSplitter } from './lines.ts';

test('lines are the same however the bytes are cut, even inside a character', () => {
  const seed = Math.floor(performance.now() * 1000) % 2 ** 31;
  const random = seededRandom(seed);
  for (let round = 0; round < 200; round++) {
    const lines = Array.from({ length: 6 }, () => 'aé漢🚀'.repeat(Math.floor(random.next() * 4)));
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    const splitter = new LineSplitter();
    const found: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + Math.floor(random.next() * 7);
      found.push(...splitter.push(bytes.subarray(at, at + size)));
      at += size;
    }
    assert.deepEqual(found, lines, `seed ${seed}, round ${round}`);
    assert.equal(splitter.rest(), '', `seed ${seed}, round ${round}`);
  }
});

test('what follows the last newline is left over', () => {
  const splitter = new LineSplitter();
  assert.deepEqual([...splitter.push(Buffer.from('a\nb'))], ['a']);
  assert.equal(splitter.rest(), 'b');
});
