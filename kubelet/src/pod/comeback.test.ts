import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodStatus } from '@keelson/types';
import { containerHash } from './annotations.ts';
import { step } from './step.ts';
import { exited, t0, testContainer, testInput, testMemory, testPod, testSandbox } from './testpod.ts';
import type { Kill, PodMemory, Step, StepInput } from './types.ts';

const made = { 'io.kubernetes.container.hash': containerHash({ name: 'app', image: 'nginx:1' }) };
const changed = (spec: object = {}) => testPod({ containers: [{ name: 'app', image: 'nginx:2', ...spec }] }, { generation: 2 });
const sandboxes = [testSandbox()];

/** What was reported of the pod before its image was changed. */
const ready: PodStatus = step(testInput({ observed: { sandboxes, containers: [testContainer({ annotations: made })] } })).status;

const killed: ReadonlyMap<string, Kill> = new Map([['c0', { at: t0, graceSeconds: 30, restart: 'changed' }]]);
const gone = exited(0, { annotations: made });
const making = testContainer({ id: 'c1', attempt: 1, phase: 'created', createdAt: t0 + 1 });

function meanwhile(containers: StepInput['observed']['containers'], memory: Partial<PodMemory> = {}, pod = changed()): Step {
  return step(testInput({ pod, observed: { sandboxes, containers }, memory: testMemory({ kills: killed, status: ready, ...memory }) }));
}

const shown = ({ status }: Step): unknown => {
  const [container] = status.containerStatuses ?? [];
  const conditions = status.conditions?.filter(({ type }) => type === 'Ready' || type === 'ContainersReady').map((each) => each.status);
  return [status.phase, Object.keys(container?.state ?? {}), container?.ready, container?.restartCount, ...(conditions ?? [])];
};

test('a container with another image is ended to come back', () => {
  const running = [testContainer({ annotations: made })];
  const message = 'Container app definition changed, will be restarted';
  const kill = { type: 'killContainer', id: 'c0', name: 'app', graceSeconds: 30, message, restart: 'changed' };
  assert.deepEqual(meanwhile(running, { kills: new Map() }).actions, [kill]);
});

test('it starts at once, whatever its restart policy and however often it crashed before', () => {
  const crashes = new Map([['app', { delay: 300_000, at: t0 }]]);
  for (const restartPolicy of ['Always', 'OnFailure', 'Never']) {
    const pod = { ...changed(), spec: { ...changed().spec, restartPolicy } } as StepInput['pod'];
    const [action] = meanwhile([gone], { crashes }, pod).actions;
    assert.ok(action?.type === 'startContainer', restartPolicy);
    assert.deepEqual([action.attempt, action.restart, action.anew], [1, false, true]);
  }
});

test('nothing is said of it until it is back', () => {
  const asBefore = ['Running', ['running'], true, 0, 'True', 'True'];
  assert.deepEqual(shown(meanwhile([gone])), asBefore);
  assert.deepEqual(shown(meanwhile([making, gone], { operations: new Set(['start']) })), asBefore);
  const back = testContainer({ id: 'c1', attempt: 1, createdAt: t0 + 1 });
  assert.deepEqual(shown(meanwhile([back, gone])), ['Running', ['running'], true, 1, 'True', 'True']);
});

test('nor of one that was stopped for its probe, while it comes back at once', () => {
  const kills = new Map([['c0', { at: t0, graceSeconds: 30 }]]);
  const ended = exited(137, { annotations: made });
  assert.deepEqual(shown(meanwhile([ended], { kills }, testPod())), ['Running', ['running'], true, 0, 'True', 'True']);
  const waits = { kills, crashes: new Map([['app', { delay: 10_000, at: t0 }]]) };
  assert.deepEqual(shown(meanwhile([ended], waits, testPod())), ['Running', ['waiting'], false, 0, 'False', 'False']);
  const never = testPod({ restartPolicy: 'Never' });
  assert.deepEqual(shown(meanwhile([ended], { kills }, never)), ['Failed', ['terminated'], false, 0, 'False', 'False']);
});

test('the observed generation goes on all the same', () => {
  assert.equal(meanwhile([gone]).status.observedGeneration, 2);
});

test('one that is probed is not ready while it is away', () => {
  const probed = changed({ readinessProbe: { tcpSocket: { port: 80 } } });
  assert.deepEqual(shown(meanwhile([gone], {}, probed)), ['Running', ['running'], false, 0, 'False', 'False']);
});

test('one that cannot come back says why', () => {
  const failures = new Map([['app', { reason: 'ErrImagePull', message: 'no', retryAt: t0 + 10_000 }]]);
  const [container] = meanwhile([gone], { failures }).status.containerStatuses ?? [];
  assert.equal(container?.state?.waiting?.reason, 'ErrImagePull');
  assert.equal(container?.lastState?.terminated?.exitCode, 0);
});

test('one that crashed as soon as it was back has crashed', () => {
  const crashed = exited(1, { id: 'c1', attempt: 1, createdAt: t0 + 1 });
  assert.deepEqual(shown(meanwhile([crashed, gone])), ['Running', ['terminated'], false, 1, 'False', 'False']);
});

test('a pod that is deleted meanwhile shows how its container ended', () => {
  const pod = testPod(changed().spec, { generation: 3, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 });
  assert.deepEqual(shown(meanwhile([gone], {}, pod)), ['Succeeded', ['terminated'], false, 0, 'False', 'False']);
});

test('a container that crashed waits no longer once it is another', () => {
  const crashes = new Map([['app', { delay: 300_000, at: t0 }]]);
  const crashed = exited(1, { annotations: made });
  const same = testInput({ observed: { sandboxes, containers: [crashed] }, memory: testMemory({ crashes }) });
  assert.deepEqual(step(same).actions, []);
  assert.equal(step(same).status.containerStatuses?.[0]?.state?.waiting?.reason, 'CrashLoopBackOff');
  const result = step({ ...same, pod: changed() });
  const [action] = result.actions;
  assert.ok(action?.type === 'startContainer');
  assert.deepEqual([action.restart, action.anew], [true, true]);
  assert.deepEqual(Object.keys(result.status.containerStatuses?.[0]?.state ?? {}), ['terminated']);
});

test('a container that is being made is not told of before it runs', () => {
  const operations = new Set(['start']);
  const crashed = exited(1, { annotations: made });
  const again = meanwhile([making, crashed], { operations, kills: new Map() }, testPod());
  assert.deepEqual(shown(again), ['Running', ['terminated'], false, 0, 'False', 'False']);
  const first = step(
    testInput({ observed: { sandboxes, containers: [testContainer({ phase: 'created' })] }, memory: testMemory({ operations }) }),
  );
  const [container] = first.status.containerStatuses ?? [];
  assert.deepEqual([container?.state?.waiting?.reason, container?.containerID], ['ContainerCreating', undefined]);
});
