import { describe } from 'node:test';
import { describeDurability } from './durability.ts';
import { describeExpiry } from './expiry.ts';
import type { Harness } from './harness.ts';
import { describeReads } from './reads.ts';
import { describeWatches } from './watches.ts';
import { describeWrites } from './writes.ts';

export type { Harness, Opened } from './harness.ts';

/**
 * The contract of `types.ts`, run on one implementation. `open` makes an empty store for each test.
 */
export function describeStore(name: string, open: Harness): void {
  describe(`store: ${name}`, () => {
    describe('writes', () => describeWrites(open));
    describe('reads', () => describeReads(open));
    describe('watches', () => describeWatches(open));
    describe('expiry', () => describeExpiry(open));
    describe('durability', () => describeDurability(open));
  });
}
