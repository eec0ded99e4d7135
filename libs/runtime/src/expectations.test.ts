import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import { SimulatedClock } from '@keelson/testing';
import { Expectations } from './expectations.ts';
import { hasReached, isLater } from './resource-version.ts';
import { IndexedStore } from './store.ts';

const object = (resourceVersion: string, deletionTimestamp?: string): KubeObject => ({
  metadata: { name: 'p', namespace: 'n', uid: 'u', resourceVersion, ...(deletionTimestamp ? { deletionTimestamp } : {}) },
});

test('revisions compare as numbers of any length', () => {
  assert.equal(isLater('10', '9'), true);
  assert.equal(isLater('9', '10'), false);
  assert.equal(isLater('123456789012345678902', '123456789012345678901'), true);
  assert.equal(isLater('b', 'a'), false);
  assert.equal(hasReached('9', '9'), true);
});

test('a write is waited for until the store has reached its revision', () => {
  const expectations = new Expectations(new SimulatedClock());
  const store = new IndexedStore<KubeObject>();
  assert.equal(expectations.satisfied('n/web'), true);
  expectations.written('n/web', store, object('10'));
  assert.equal(expectations.satisfied('n/web'), false);
  store.resourceVersion = '9';
  assert.equal(expectations.satisfied('n/web'), false);
  store.resourceVersion = '10';
  assert.equal(expectations.satisfied('n/web'), true);
});

test('a delete is waited for until the object is gone, marked or another', () => {
  const store = new IndexedStore<KubeObject>();
  const outcomes = [
    () => store.delete(object('2')),
    () => store.set(object('2', 'now')),
    () => store.set({ metadata: { ...object('2').metadata, uid: 'v' } }),
  ];
  for (const outcome of outcomes) {
    const expectations = new Expectations(new SimulatedClock());
    store.set(object('1'));
    expectations.deleted('n/web', store, object('1'));
    assert.equal(expectations.satisfied('n/web'), false);
    outcome();
    assert.equal(expectations.satisfied('n/web'), true);
  }
});

test('nothing is waited for longer than five minutes', async () => {
  const clock = new SimulatedClock();
  const expectations = new Expectations(clock);
  expectations.written('n/web', new IndexedStore<KubeObject>(), object('10'));
  await clock.advance(5 * 60_000 - 1);
  assert.equal(expectations.satisfied('n/web'), false);
  await clock.advance(1);
  assert.equal(expectations.satisfied('n/web'), true);
});
