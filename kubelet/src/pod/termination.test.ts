import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isItsTurn, killGrace } from './termination.ts';
import { exited, testContainer, testInput, testPod } from './testpod.ts';

test('a pod whose manifest is gone has its own grace; one that the API server no longer knows has next to none', () => {
  const spec = { terminationGracePeriodSeconds: 20 };
  const fromFile = testPod(spec, { annotations: { 'kubernetes.io/config.source': 'file' } });
  assert.equal(killGrace(testInput({ pod: fromFile, removed: true })), 20);
  assert.equal(killGrace(testInput({ pod: testPod(spec), removed: true })), 1);
});

test('main and plain init containers end at once, then sidecars, the last one first; what never ran holds nobody up', () => {
  const sidecar = (name: string): object => ({ name, image: 'i', restartPolicy: 'Always' });
  const pod = testPod({ initContainers: [sidecar('first'), { name: 'setup', image: 'i' }, sidecar('second')] });
  const named = (name: string) => testContainer({ id: name, name });
  const turns = (...containers: ReturnType<typeof named>[]): string[] =>
    ['app', 'setup', 'second', 'first'].filter((name) => isItsTurn(pod, { sandboxes: [], containers }, name));
  const [app, setup, first, second] = ['app', 'setup', 'first', 'second'].map(named);
  assert.ok(app && setup && first && second);
  assert.deepEqual(turns(app, first, second), ['app', 'setup']);
  assert.deepEqual(turns(setup, first), ['app', 'setup']);
  assert.deepEqual(turns(exited(0, { id: 'a' }), first, second), ['app', 'setup', 'second']);
  assert.deepEqual(turns(exited(0, { id: 's', name: 'second' }), first), ['app', 'setup', 'second', 'first']);
});
