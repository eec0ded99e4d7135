import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { Failures } from './failures.ts';
import { daemonSet } from './testdata.ts';

test('the first failed daemon goes at once, the next ones later and later, each node and each generation for itself', async () => {
  const clock = new SimulatedClock();
  const failures = new Failures(clock);
  const set = daemonSet();
  const wait = (node = 'n1', of = set): number => failures.wait('default/agent', of, node);
  assert.equal(wait(), 0);
  assert.equal(wait(), 1000);
  assert.equal(wait('n2'), 0);
  await clock.advance(1000);
  assert.equal(wait(), 0);
  assert.equal(wait(), 2000);
  await clock.advance(500);
  assert.equal(wait(), 1500);
  assert.equal(wait('n1', daemonSet({}, {}, { generation: 2 })), 0);
  failures.forget('default/agent');
  assert.equal(wait(), 0);
});
