import assert from 'node:assert/strict';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import type { Spec, Specs } from '../specs.ts';
import { busybox, hello } from './images.ts';
import {
  conditionIs,
  containerOf,
  exec,
  lasting,
  once,
  outcome,
  output,
  restartsOf,
  shell,
  started,
  terminationOf,
  untilPod,
} from './run.ts';

const images = '[sig-node] Containers';
const runtime = '[sig-node] Container Runtime blackbox test';
const messages = `${runtime} on terminated container should report termination message`;
const policy = 'TerminationMessagePolicy FallbackToLogsOnError is set';

/** Fails once, succeeds once, then goes on: told by a file that outlives the container. */
const moody = `
echo hello >> /restart-count/restartCount
count=$(wc -l < /restart-count/restartCount)
[ $count -eq 1 ] && exit 1
[ $count -eq 2 ] && exit 0
while true; do sleep 1; done`;

interface Course {
  readonly restartPolicy: string;
  readonly phase: string;
  readonly state: 'running' | 'terminated';
  readonly restarts: number;
  readonly isReady: boolean;
}

const courses: readonly Course[] = [
  { restartPolicy: 'Always', phase: 'Running', state: 'running', restarts: 2, isReady: true },
  { restartPolicy: 'OnFailure', phase: 'Succeeded', state: 'terminated', restarts: 1, isReady: false },
  { restartPolicy: 'Never', phase: 'Failed', state: 'terminated', restarts: 0, isReady: false },
];

/** A container whose end leaves that message. */
const leaves =
  (message: string | undefined, phase: string, script: string, rest: object = fallsBack): Spec =>
  async (c) => {
    const pod = await outcome(c, once('message', [shell(script, rest)]));
    assert.equal(pod.status?.phase, phase, JSON.stringify(pod.status));
    assert.equal(terminationOf(pod).message, message);
  };

const fallsBack = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'FallbackToLogsOnError' };

/** The arguments of a container's first process. */
const firstProcess = async (c: Context, name: string): Promise<string[]> =>
  (await exec(c, name, ['cat', '/proc/1/cmdline'])).split('\0').filter(Boolean);

export const containers: Specs = {
  async [`${images} should use the image defaults if command and args are blank [NodeConformance]`](c) {
    await started(c, lasting('defaults', [{ name: 'main', image: hello }]));
    assert.deepEqual(await firstProcess(c, 'defaults'), ['/bin/sh', '/hello']);
  },

  async [`${images} should be able to override the image's default arguments (container cmd) [NodeConformance]`](c) {
    const args = ['override', 'arguments'];
    await started(c, lasting('args', [{ name: 'main', image: hello, args }]));
    assert.deepEqual(await firstProcess(c, 'args'), ['/bin/sh', '/hello', ...args]);
    const plain = once('no-entrypoint', [{ name: 'main', image: busybox, args: ['echo', ...args] }]);
    assert.equal(await output(c, plain), 'override arguments\n');
  },

  async [`${images} should be able to override the image's default command (container entrypoint) [NodeConformance]`](c) {
    const pod = once('command', [{ name: 'main', image: busybox, command: ['echo', 'override'] }]);
    assert.equal(await output(c, pod), 'override\n');
  },

  async [`${images} should be able to override the image's default command and arguments [NodeConformance]`](c) {
    const container = { name: 'main', image: hello, command: ['echo', 'override'], args: ['arguments'] };
    assert.equal(await output(c, once('both', [container])), 'override arguments\n');
  },

  async [`${runtime} when starting a container that exits should run with the expected status [NodeConformance]`](c) {
    const volume = { name: 'restart-count', emptyDir: { medium: 'Memory' } };
    const mounted = { volumeMounts: [{ name: 'restart-count', mountPath: '/restart-count' }] };
    for (const { restartPolicy, phase, state, restarts, isReady } of courses) {
      const name = `terminate-cmd-${restartPolicy.toLowerCase()}`;
      await podsOf(c).create(lasting(name, [shell(moody, mounted)], { restartPolicy, volumes: [volume] }));
      await untilPod(c, name, (pod) => pod.status?.containerStatuses && restartsOf(pod) === restarts);
      const pod = await untilPod(c, name, ({ status }) => status?.phase === phase);
      assert.equal(conditionIs(pod, 'Ready', 'True'), isReady, JSON.stringify(pod.status));
      assert.ok(containerOf(pod).state?.[state], JSON.stringify(pod.status));
      assert.equal(restartsOf(pod), restarts);
      await podsOf(c).remove(name);
      await podsOf(c).gone(name);
    }
  },

  [`${messages} if TerminationMessagePath is set as non-root user and at a non-default path [NodeConformance]`]: leaves(
    'DONE',
    'Succeeded',
    '/bin/echo -n DONE > /dev/termination-custom-log',
    { terminationMessagePath: '/dev/termination-custom-log', securityContext: { runAsUser: 10000 } },
  ),
  [`${messages} from log output if ${policy} [NodeConformance]`]: leaves('DONE', 'Failed', '/bin/echo -n DONE; /bin/false'),
  [`${messages} as empty when pod succeeds and ${policy} [NodeConformance]`]: leaves(
    undefined,
    'Succeeded',
    '/bin/echo -n DONE; /bin/true',
  ),
  [`${messages} from file when pod succeeds and ${policy} [NodeConformance]`]: leaves(
    'OK',
    'Succeeded',
    '/bin/echo -n OK > /dev/termination-log; /bin/echo DONE; /bin/true',
  ),
};
