import assert from 'node:assert/strict';
import type { Pod } from '@keelson/types';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import { until } from '../resource.ts';
import type { Spec, Specs } from '../specs.ts';
import { busybox, pause } from './images.ts';
import {
  agent,
  conditionIs,
  containerOf,
  exec,
  lasting,
  logs,
  once,
  printed,
  ready,
  running,
  says,
  shell,
  started,
  untilPod,
} from './run.ts';

const hook = '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute';
const ephemeral = '[sig-node] Ephemeral Containers [NodeConformance]';

/** Runs a pod with a hook that calls a server, beside a sidecar that can call it, and deletes it; the server was called. */
const hooked =
  (when: 'postStart' | 'preStop', handler: (server: string) => object, main: object): Spec =>
  async (c) => {
    await podsOf(c).create(lasting('server', [agent()]));
    const { status } = await ready(c, 'server');
    const startupProbe = { httpGet: { path: '/echo?msg=startup', port: 8080 } };
    const sidecar = agent(8080, { name: 'sidecar', restartPolicy: 'Always', readinessProbe: undefined, startupProbe });
    const lifecycle = { [when]: handler(status?.podIP ?? '') };
    const spec = { initContainers: [sidecar], containers: [{ name: 'main', ...main, lifecycle }] };
    await podsOf(c).create({ metadata: { name: 'hooked' }, spec });
    await ready(c, 'hooked');
    if (when === 'postStart') await printed(c, 'server', 'GET /echo?msg=postStart');
    await podsOf(c).remove('hooked', { gracePeriodSeconds: 15 });
    await podsOf(c).gone('hooked');
    if (when === 'preStop') says(await logs(c, 'server'), 'GET /echo?msg=preStop');
  };

const waits = { image: busybox, command: ['sh', '-c', "trap 'exit 0' TERM; while true; do sleep 0.1; done"] };
const byExec = (when: string) => (server: string) => ({
  exec: { command: ['sh', '-c', `wget -qO- "http://${server}:8080/echo?msg=${when}"`] },
});
const byHttp = (when: string) => (server: string) => ({
  httpGet: { path: `/dial?host=${server}&port=8080&request=${encodeURIComponent(`echo?msg=${when}`)}`, port: 8080 },
});

/** What any moment of a pod with init containers must look like. */
function consistent({ status }: Pod): void {
  let done = true;
  for (const { name, state, ready } of status?.initContainerStatuses ?? []) {
    if (!done) assert.ok(state?.waiting, `${name} is not its turn yet`);
    if (done && state?.terminated?.exitCode === 0) assert.ok(ready, `${name} has ended well`);
    done &&= state?.terminated?.exitCode === 0;
  }
  if (!status?.initContainerStatuses?.length) return;
  if (!done)
    for (const { name, state, restartCount } of status.containerStatuses ?? [])
      assert.deepEqual([state?.waiting?.reason, restartCount], ['PodInitializing', 0], name);
  const initialized = status.conditions?.find(({ type }) => type === 'Initialized');
  assert.ok(initialized?.lastTransitionTime);
  assert.equal(initialized.status, done ? 'True' : 'False', JSON.stringify(status));
}

const init = (...words: readonly string[]) =>
  words.map((word, index) => ({ name: `init${index + 1}`, image: busybox, command: [`/bin/${word}`] }));
const limited = { name: 'run1', image: pause, resources: { limits: { cpu: '100m' } } };

/** Runs a pod until it is as wanted; every moment of it was consistent. */
async function watched(c: Context, spec: object, wanted: (pod: Pod) => unknown): Promise<Pod> {
  const { metadata } = await podsOf(c).create({ metadata: { name: 'init' }, spec });
  const query = new URLSearchParams({ fieldSelector: 'metadata.name=init', resourceVersion: `${metadata.resourceVersion}` });
  const { events } = await c.follow<Pod>(`${podsOf(c).path}?${query}`);
  await untilPod(c, 'init', wanted);
  const { object } = await until(() => events.find(({ object }) => wanted(object)));
  for (const event of events) consistent(event.object);
  return object;
}

const bothDone = ({ status }: Pod) => {
  assert.deepEqual(
    status?.initContainerStatuses?.map(({ ready, state }) => [ready, state?.terminated?.exitCode]),
    [
      [true, 0],
      [true, 0],
    ],
  );
};

const initArea = '[sig-node] InitContainer [NodeConformance]';

export const lifecycle: Specs = {
  [`${hook} poststart exec hook properly [NodeConformance]`]: hooked('postStart', byExec('postStart'), waits),
  [`${hook} prestop exec hook properly [NodeConformance]`]: hooked('preStop', byExec('preStop'), waits),
  [`${hook} poststart http hook properly [NodeConformance]`]: hooked('postStart', byHttp('postStart'), { image: pause }),
  [`${hook} prestop http hook properly [NodeConformance]`]: hooked('preStop', byHttp('preStop'), { image: pause }),

  async '[sig-node] PreStop should call prestop when killing a pod'(c) {
    await podsOf(c).create(lasting('server', [agent()]));
    const { status } = await ready(c, 'server');
    const preStop = { exec: { command: ['wget', '-qO-', `http://${status?.podIP}:8080/echo?msg=stopping`] } };
    await started(c, { metadata: { name: 'tester' }, spec: { containers: [shell('sleep 600', { lifecycle: { preStop } })] } });
    await podsOf(c).remove('tester');
    const called = async () => (await podsOf(c).ask('GET', 'server/proxy/calls')).text.includes('/echo?msg=stopping');
    await until(called, 'the server to be called');
  },

  async [`${initArea} should invoke init containers on a RestartNever pod`](c) {
    const run = { name: 'run1', image: busybox, command: ['/bin/true'] };
    const spec = { restartPolicy: 'Never', initContainers: init('true', 'true'), containers: [run] };
    const pod = await watched(c, spec, ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
    assert.equal(pod.status?.phase, 'Succeeded');
    assert.ok(conditionIs(pod, 'Initialized', 'True'));
    bothDone(pod);
  },

  async [`${initArea} should invoke init containers on a RestartAlways pod`](c) {
    const spec = { initContainers: init('true', 'true'), containers: [limited] };
    const pod = await watched(c, spec, ({ status }) => status?.phase === 'Running');
    assert.ok(conditionIs(pod, 'Initialized', 'True'));
    bothDone(pod);
  },

  async [`${initArea} should not start app containers if init containers fail on a RestartAlways pod`](c) {
    const spec = { initContainers: init('false', 'true'), containers: [limited] };
    const pod = await watched(c, spec, ({ status }) => (status?.initContainerStatuses?.[0]?.restartCount ?? 0) >= 3);
    const initialized = pod.status?.conditions?.find(({ type }) => type === 'Initialized');
    assert.deepEqual(
      [pod.status?.phase, initialized?.status, initialized?.reason, initialized?.message],
      ['Pending', 'False', 'ContainersNotInitialized', 'containers with incomplete status: [init1 init2]'],
    );
    assert.equal(containerOf(pod, 'init2').state?.waiting?.reason, 'PodInitializing');
    assert.ok(containerOf(pod, 'init1').lastState?.terminated?.exitCode);
  },

  async [`${initArea} should not start app containers and fail the pod if init containers fail on a RestartNever pod`](c) {
    const spec = { restartPolicy: 'Never', initContainers: init('true', 'false'), containers: [limited] };
    const pod = await watched(c, spec, ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
    const initialized = pod.status?.conditions?.find(({ type }) => type === 'Initialized');
    assert.deepEqual(
      [pod.status?.phase, initialized?.status, initialized?.reason, initialized?.message],
      ['Failed', 'False', 'ContainersNotInitialized', 'containers with incomplete status: [init2]'],
    );
    assert.equal(containerOf(pod, 'run1').state?.waiting?.reason, 'PodInitializing');
  },

  async [`${ephemeral} will start an ephemeral container in an existing pod`](c) {
    await debugged(c);
  },

  async [`${ephemeral} should update the ephemeral containers in an existing pod`](c) {
    await debugged(c);
    const one = await podsOf(c).get('target/ephemeralcontainers');
    assert.equal(one.spec.ephemeralContainers?.length, 1);
    const more = { name: 'debugger2', image: pause, imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' } as const;
    const adds = (pod: Pod): Pod => ({
      ...pod,
      spec: { ...pod.spec, ephemeralContainers: [...(pod.spec.ephemeralContainers ?? []), more] },
    });
    await podsOf(c).update('target', adds as never, '/ephemeralcontainers');
    const two = await podsOf(c).get('target/ephemeralcontainers');
    assert.equal(two.spec.ephemeralContainers?.length, 2);
    await untilPod(c, 'target', ({ status }) => status?.ephemeralContainerStatuses?.every(({ state }) => state?.running));
  },

  async '[sig-node] Pods should allow activeDeadlineSeconds to be updated [NodeConformance]'(c) {
    await podsOf(c).create(
      once('deadline', [{ name: 'main', image: pause }], { activeDeadlineSeconds: 30, terminationGracePeriodSeconds: 0 }),
    );
    await running(c, 'deadline');
    await podsOf(c).update('deadline', (pod) => ({ ...pod, spec: { ...pod.spec, activeDeadlineSeconds: 5 } }));
    const { status } = await untilPod(c, 'deadline', ({ status }) => status?.phase === 'Failed', 30_000);
    assert.equal(status?.reason, 'DeadlineExceeded');
  },
};

/** A pod with a debugger in it. */
async function debugged(c: Context): Promise<void> {
  const target = await started(c, lasting('target', [shell('', { command: ['/bin/sleep'], args: ['10000'] })]));
  assert.equal(target.metadata.generation, 1);
  const script = 'while true; do echo polo; sleep 2; done';
  const debug = { name: 'debugger', image: busybox, command: ['/bin/sh', '-c', script], stdin: true, tty: true };
  await podsOf(c).patch('target/ephemeralcontainers', { spec: { ephemeralContainers: [debug] } });
  await untilPod(c, 'target', ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.running, 60_000);
  assert.equal((await podsOf(c).get('target')).metadata.generation, 2);
  says(await exec(c, 'target', ['/bin/echo', 'marco'], 'debugger'), 'marco');
  says(await logs(c, 'target', { container: 'debugger' }), 'polo');
}
