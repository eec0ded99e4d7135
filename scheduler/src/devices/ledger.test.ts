import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResourceClaim } from '@keelson/types';
import { Ledger } from './ledger.ts';

const device = 'd/p/gpu';
const allocation = { devices: { results: [{ request: 'r', driver: 'd', pool: 'p', device: 'gpu' }] } };

function claim(resourceVersion: string, { has = true, uid = 'u' } = {}): ResourceClaim {
  return {
    metadata: { name: 'c', namespace: 'ns', uid, resourceVersion },
    spec: {},
    status: has ? { allocation } : {},
  } as unknown as ResourceClaim;
}

/** A ledger beside what the server told last. */
function begin(): { ledger: Ledger; saw: (claim: ResourceClaim | undefined) => void } {
  let seen: ResourceClaim | undefined;
  const ledger = new Ledger(() => seen);
  return {
    ledger,
    saw(next) {
      const before = seen;
      seen = next;
      if (next) ledger.saw(next);
      if (before && before.metadata.uid !== next?.metadata.uid) ledger.lost(before);
    },
  };
}

describe('the ledger of claims', () => {
  it('holds devices from the decision on, and no longer when it comes to nothing', () => {
    const { ledger, saw } = begin();
    saw(claim('1', { has: false }));
    ledger.decide(claim('1'));
    assert.deepEqual([ledger.inUse.has(device), ledger.isDecided('u')], [true, true]);
    ledger.settle(claim('1', { has: false }));
    assert.deepEqual([ledger.inUse.has(device), ledger.isDecided('u')], [false, false]);
  });

  it('holds what was written before it is seen, and believes what is seen later', () => {
    const { ledger, saw } = begin();
    saw(claim('1', { has: false }));
    ledger.wrote(claim('3'));
    saw(claim('2', { has: false }));
    assert.deepEqual([ledger.inUse.has(device), ledger.latest('ns/c')?.metadata.resourceVersion], [true, '3']);
    saw(claim('4', { has: false }));
    assert.equal(ledger.inUse.has(device), false);
  });

  it('lets go of what a claim had that is gone, and not of what its namesake has', () => {
    const { ledger, saw } = begin();
    saw(claim('1'));
    ledger.wrote(claim('5', { uid: 'other' }));
    saw(claim('4', { uid: 'other', has: false }));
    assert.equal(ledger.inUse.has(device), true);
    saw(undefined);
    assert.equal(ledger.inUse.has(device), false);
  });
});
