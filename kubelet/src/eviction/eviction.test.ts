import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes } from '../config/quantity.ts';
import { testPod } from '../pod/testpod.ts';
import { type Candidate, chooseVictim, crossed, evictionMessage, parseThresholds, pressuresOf } from './decide.ts';

const thresholds = parseThresholds('memory.available<100Mi,nodefs.available<10%', bytes);
const node = {
  memoryAvailable: 2 ** 30,
  memoryTotal: 2 ** 31,
  diskAvailable: 50,
  diskTotal: 100,
  imageAvailable: 50,
  imageTotal: 100,
  pidsAvailable: 1,
  pidsTotal: 2,
};

test('thresholds by amount and by share', () => {
  assert.deepEqual(crossed(node, thresholds), []);
  assert.deepEqual(crossed({ ...node, memoryAvailable: 99 * 2 ** 20, diskAvailable: 9 }, thresholds), [
    'memory.available',
    'nodefs.available',
  ]);
  assert.deepEqual(pressuresOf(['nodefs.available']), { memory: false, disk: true, pid: false });
  assert.equal(evictionMessage('memory.available'), 'The node was low on resource: memory. ');
});

test('who goes first', () => {
  const pod = (name: string, memoryBytes: number, memoryRequest: number, priority = 0): Candidate => ({
    pod: testPod({ priority }, { name }),
    memoryBytes,
    memoryRequest,
  });
  const victim = (...candidates: Candidate[]): string | undefined => chooseVictim(candidates)?.pod.metadata?.name;
  assert.equal(victim(pod('within', 10, 20), pod('over', 30, 20)), 'over');
  assert.equal(victim(pod('important', 90, 20, 5), pod('over', 30, 20)), 'over');
  assert.equal(victim(pod('a bit', 30, 20), pod('a lot', 90, 20)), 'a lot');
  assert.equal(victim(pod('critical', 90, 0, 2_000_000_000)), undefined);
});
