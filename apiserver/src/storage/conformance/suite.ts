import { describe } from 'node:test';
import { durability } from './durability.ts';
import { expiry } from './expiry.ts';
import { type Cases, type Harness, storeTest } from './harness.ts';
import { reads } from './reads.ts';
import { watches } from './watches.ts';
import { writes } from './writes.ts';

export type { Harness, Opened } from './harness.ts';

const suites: Readonly<Record<string, Cases>> = { writes, reads, watches, expiry, durability };

/** The contract of `types.ts`, run on one implementation. `open` makes an empty store for each test. */
export function describeStore(name: string, open: Harness): void {
  describe(`store: ${name}`, () => {
    for (const [suite, cases] of Object.entries(suites)) {
      describe(suite, () => {
        for (const [what, run] of Object.entries(cases)) storeTest(what, open, run);
      });
    }
  });
}
