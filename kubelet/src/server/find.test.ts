import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exited, testContainer, testPod } from '../pod/testpod.ts';
import { PodRecord } from '../worker/record.ts';
import { findLogged } from './find.ts';

test('whose log is the previous one', () => {
  const previous = (containers: PodRecord['observed']['containers'], state: object): string => {
    const record = new PodRecord(testPod(), 0);
    record.observed = { sandboxes: [], containers };
    record.status = { containerStatuses: [{ name: 'app', state }] } as unknown as PodRecord['status'];
    return findLogged(record, 'app', true).id;
  };
  const [first, second] = [exited(1, { id: 'c0' }), exited(1, { id: 'c1', attempt: 1 })];
  const [terminated, waiting] = [{ terminated: {} }, { waiting: { reason: 'CrashLoopBackOff' } }];
  assert.equal(previous([testContainer({ id: 'c1', attempt: 1 }), first], { running: {} }), 'c0');
  assert.equal(previous([second, first], terminated), 'c0');
  assert.equal(previous([first], waiting), 'c0', 'the next is to come');
  assert.equal(previous([second], terminated), 'c1', 'the one before is gone already, and that another comes is not told yet');
  const none = { message: 'previous terminated container "app" in pod "web" not found', code: 400 };
  assert.throws(() => previous([first], terminated), none);
  assert.throws(() => previous([testContainer()], { running: {} }), none);
});
