import assert from 'node:assert/strict';
import { test } from 'node:test';
import { step } from './step.ts';
import { exited, testContainer, testInput, testMemory, testPod, testSandbox } from './testpod.ts';

const sandboxes = [testSandbox()];

test('a pod that others declared failed stays so however its containers end', () => {
  const reason = { phase: 'Failed', reason: 'NodeLost', message: 'gone' };
  const pod = testPod({ restartPolicy: 'Never' }, {}, reason);
  const memory = testMemory({ status: { phase: 'Running' } });
  for (const container of [testContainer(), exited(0), exited(1)]) {
    const { status } = step(testInput({ pod, memory, observed: { sandboxes, containers: [container] } }));
    assert.deepEqual([status.phase, status.reason, status.message], ['Failed', 'NodeLost', 'gone'], container.phase);
  }
});

test('what was once reported as ended never changes, whoever remembers it', () => {
  for (const [first, exitCode] of [
    ['Succeeded', 1],
    ['Failed', 0],
  ] as const) {
    const observed = { sandboxes, containers: [exited(exitCode)] };
    for (const input of [
      { pod: testPod({}, {}, { phase: first }) },
      { memory: testMemory({ status: { phase: first } }) },
      { pod: testPod({}, {}, { phase: first }), memory: testMemory({ status: { phase: 'Pending' } }) },
    ])
      assert.equal(step(testInput({ ...input, observed })).status.phase, first);
  }
});

test('a pod whose containers come back by their own terms goes on', () => {
  const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
  const phase = (own: object, exitCode: number, list = 'containers'): string | undefined => {
    const app = { name: 'app', image: 'i', ...(list === 'containers' ? own : {}) };
    const init = { name: 'init', image: 'i', ...own };
    const pod = testPod({ restartPolicy: 'Never', containers: [app], ...(list === 'containers' ? {} : { initContainers: [init] }) });
    const name = list === 'containers' ? 'app' : 'init';
    return step(testInput({ pod, observed: { sandboxes, containers: [exited(exitCode, { name })] } })).status.phase;
  };
  assert.equal(phase({ restartPolicy: 'Never', restartPolicyRules: rules }, 42), 'Running');
  assert.equal(phase({ restartPolicy: 'Never', restartPolicyRules: rules }, 1), 'Failed');
  assert.equal(phase({ restartPolicy: 'Always' }, 0), 'Running');
  assert.equal(phase({ restartPolicy: 'OnFailure' }, 1), 'Running');
  assert.equal(phase({ restartPolicy: 'OnFailure' }, 0), 'Succeeded');
  assert.equal(phase({ restartPolicy: 'Never', restartPolicyRules: rules }, 42, 'init'), 'Pending');
  assert.equal(phase({ restartPolicy: 'OnFailure' }, 1, 'init'), 'Pending');
  assert.equal(phase({ restartPolicy: 'Never' }, 1, 'init'), 'Failed');
});

test('a pod whose sandbox died is pending again while its init containers run', () => {
  const pod = testPod({ initContainers: [{ name: 'setup', image: 'i' }] });
  const before = testMemory({ status: { phase: 'Running' } });
  const renewed = [testSandbox({ id: 's1', attempt: 1 }), testSandbox({ ready: false })];
  const left = [exited(137), exited(0, { id: 'i0', name: 'setup' })];
  const phase = (setup: object): string | undefined => {
    const again = testContainer({ id: 'i1', name: 'setup', attempt: 1, sandboxId: 's1', ...setup });
    return step(testInput({ pod, memory: before, observed: { sandboxes: renewed, containers: [again, ...left] } })).status.phase;
  };
  assert.equal(phase({}), 'Pending');
  assert.equal(phase({ phase: 'exited', exitCode: 0 }), 'Running');
});
