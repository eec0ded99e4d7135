import assert from 'node:assert/strict';
import { test } from 'node:test';
import { step } from './step.ts';
import { exited, t0, testContainer, testInput, testMemory, testPod, testSandbox } from './testpod.ts';
import type { PodMemory, Step, StepInput } from './types.ts';

const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }];
const pod = testPod({
  restartPolicy: 'Never',
  initContainers: [
    { name: 'setup', image: 'i' },
    { name: 'watcher', image: 'i', restartPolicy: 'Always', restartPolicyRules: rules },
  ],
});
const setup = exited(0, { id: 'i0', name: 'setup' });
const watcher = testContainer({ id: 'w0', name: 'watcher' });
const failed = exited(88, { id: 'w0', name: 'watcher' });
const app = testContainer({ id: 'a0' });
const killed = exited(137, { id: 'a0' });

function stepped(containers: StepInput['observed']['containers'], memory: Partial<PodMemory> = {}): Step {
  return step(testInput({ pod, observed: { sandboxes: [testSandbox()], containers }, memory: testMemory(memory) }));
}

const condition = ({ status }: Step): string | undefined =>
  status.conditions?.find(({ type }) => type === 'AllContainersRestarting')?.status;
const told = (result: Step): string[] =>
  result.actions.map((action) => {
    if (action.type === 'killContainer') return `kill ${action.name} ${action.graceSeconds}s`;
    if (action.type === 'removeContainer') return `remove ${action.id}${action.crashed ? ` ${action.crashed}` : ''}`;
    return action.type === 'startContainer' ? `start ${action.container.name} #${action.attempt}` : action.type;
  });

test('a container whose end says so has the whole pod start over, in its sandbox', () => {
  const before = stepped([setup, watcher, app]);
  assert.deepEqual([told(before), condition(before), before.status.phase], [[], 'False', 'Running']);
  const ended = stepped([setup, failed, app], { status: before.status });
  assert.deepEqual([told(ended), condition(ended), ended.status.phase], [['kill app 0s'], 'True', 'Running']);
  const removing = stepped([setup, failed, killed], { status: ended.status });
  assert.deepEqual([told(removing), removing.status.phase], [['remove i0', 'remove a0'], 'Running']);
  const last = stepped([failed], { status: removing.status });
  assert.deepEqual([told(last), condition(last), last.status.phase], [['remove w0 watcher'], 'True', 'Running']);
  const fresh = stepped([], { status: last.status });
  assert.deepEqual([told(fresh), condition(fresh), fresh.status.phase], [['start setup #1'], 'False', 'Running']);
  assert.deepEqual(
    [...(fresh.status.initContainerStatuses ?? []), ...(fresh.status.containerStatuses ?? [])].map(({ name, state, lastState }) => [
      name,
      state?.waiting?.reason,
      lastState?.terminated?.exitCode,
    ]),
    [
      ['setup', 'PodInitializing', 0],
      ['watcher', 'PodInitializing', 88],
      ['app', 'PodInitializing', 137],
    ],
  );
  const again = stepped([testContainer({ id: 'i1', name: 'setup', attempt: 1 })], { status: fresh.status });
  assert.deepEqual([told(again), again.status.phase, again.status.initContainerStatuses?.[0]?.restartCount], [[], 'Pending', 1]);
});

test('another kubelet goes on where the one before was', () => {
  const conditions = [{ type: 'AllContainersRestarting', status: 'True' }];
  const half = step(
    testInput({
      pod: { ...pod, status: { phase: 'Running', conditions } },
      observed: { sandboxes: [testSandbox()], containers: [setup, app] },
    }),
  );
  assert.deepEqual([told(half), condition(half)], [['kill app 0s'], 'True']);
});

test('a pod that keeps starting over waits between', () => {
  const crashes = new Map([['watcher', { delay: 10_000, at: t0 }]]);
  const result = stepped([setup, failed, app], { crashes });
  assert.deepEqual([told(result), condition(result), result.again], [[], 'False', 9_000]);
  assert.equal(result.status.initContainerStatuses?.[1]?.state?.waiting?.reason, 'CrashLoopBackOff');
});

test('a container that is being started is waited for', () => {
  const result = stepped([setup, failed, killed], { operations: new Set(['start']) });
  assert.deepEqual(told(result), []);
});

test('other ends are handled as before', () => {
  assert.deepEqual(told(stepped([setup, exited(1, { id: 'w0', name: 'watcher' }), app])), ['start watcher #1']);
});
