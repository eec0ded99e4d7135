import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { CacheEntry } from './entry.ts';
import { fieldPin, Indexes, labelPin, type Pin } from './indexes.ts';
import { SortedEntries } from './sorted-entries.ts';

function entry(key: string, labels: Record<string, string>, node: string): CacheEntry {
  return { key, revision: 1, wire: Buffer.alloc(0), namespace: '', name: key, labels, fields: { 'spec.nodeName': node }, claims: [] };
}

test('an index answers what a scan would, whatever came and went before and after it was made', () => {
  const seed = 11;
  const random = seededRandom(seed);
  const all = new SortedEntries();
  const present = new Map<string, CacheEntry>();
  const indexes = new Indexes(all, ['spec.nodeName']);
  const found = (pin: Pin): string[] => {
    const keys: string[] = [];
    indexes.find([pin])?.each('', ({ key }) => keys.push(key) > 0);
    return keys;
  };
  const scan = (matches: (one: CacheEntry) => boolean): string[] =>
    [...present.values()]
      .filter(matches)
      .map(({ key }) => key)
      .sort();
  for (let i = 0; i < 4_000; i++) {
    const key = `k${Math.floor(random.next() * 300)}`;
    const previous = present.get(key);
    if (random.next() < 0.7) {
      const labels: Record<string, string> = random.next() < 0.8 ? { app: `a${Math.floor(random.next() * 5)}` } : {};
      const next = entry(key, labels, `n${Math.floor(random.next() * 4)}`);
      all.set(next);
      present.set(key, next);
      indexes.changed(previous, next);
    } else if (previous) {
      all.delete(key);
      present.delete(key);
      indexes.changed(previous, undefined);
    }
    if (i % 500 !== 250) continue;
    for (const value of ['a0', 'a3', 'absent'])
      assert.deepEqual(
        found(labelPin('app', value)),
        scan(({ labels }) => labels.app === value),
        `seed ${seed}`,
      );
    for (const value of ['n0', 'n3', ''])
      assert.deepEqual(
        found(fieldPin('spec.nodeName', value)),
        scan(({ fields }) => fields['spec.nodeName'] === value),
        `seed ${seed}`,
      );
  }
});

test('fields nobody indexes are not, and labels only up to a limit', () => {
  const indexes = new Indexes(new SortedEntries(), []);
  assert.equal(indexes.find([fieldPin('status.phase', 'Running')]), undefined);
  assert.equal(indexes.find([]), undefined);
  for (let n = 0; n < 8; n++) assert.ok(indexes.find([labelPin(`l${n}`, 'x')]));
  assert.equal(indexes.find([labelPin('l8', 'x')]), undefined);
  assert.ok(indexes.find([labelPin('l8', 'x'), labelPin('l0', 'x')]));
});
