import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { Pod } from '@keelson/types';
import type { ModelOptions } from '../cri/model/index.ts';
import { TestNode } from './testnode.ts';

/** A node that was just started. */
const startNode = (options?: Partial<ModelOptions>): TestNode<SimulatedClock> => new TestNode(new SimulatedClock(), options);

async function restarts(node: TestNode<SimulatedClock>, count: number): Promise<void> {
  await node.clock.runUntil(() => node.status?.containerStatuses?.[0]?.restartCount === count, 3_600_000);
}

const crash: Partial<ModelOptions> = { behaviour: () => ({ exitAfterMs: 100, exitCode: 1 }) };

test('a pod comes up without waiting for a relist', async () => {
  const node = startNode();
  node.pod();
  await node.clock.settle();
  assert.equal(node.status?.phase, 'Running');
  assert.equal(node.status?.podIP, '10.0.0.2');
  assert.deepEqual(node.told, [
    'Pulled: Container image "nginx:1" already present on machine and can be accessed by the pod',
    'Created: Container created',
    'Started: Container started',
  ]);
  assert.equal(node.shown.phase, 'Running');
  assert.match(String(node.host.files.get('/k/pods/u1/etc-hosts')), /^10\.0\.0\.2\tweb$/m);
  node.stop.abort();
});

test('of many pods that start at once, the first run before the last are begun', async () => {
  const node = startNode({ sandboxDelayMs: 1_000 });
  const uids = Array.from({ length: 12 }, (_, n) => `u${n}`);
  for (const uid of uids) node.pod({}, { name: uid, uid });
  const running = (): number => uids.filter((uid) => node.workers.get(uid)?.status?.phase === 'Running').length;
  const begun = node.clock.now();
  await node.clock.runUntil(() => running() > 0);
  assert.equal(node.clock.now() - begun, 1_000);
  await node.clock.runUntil(() => running() === uids.length);
  assert.equal(node.clock.now() - begun, 3_000);
  node.stop.abort();
});

test('a crashing container restarts at once, then after 10, 20, 40 seconds', async () => {
  const node = startNode(crash);
  const begun = node.clock.now();
  node.pod();
  const at: number[] = [];
  for (const count of [1, 2, 3, 4]) {
    await restarts(node, count);
    at.push(Math.round((node.clock.now() - begun) / 1000));
  }
  assert.deepEqual(at, [0, 10, 30, 70]);
  await node.clock.runUntil(() => node.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff');
  assert.equal(node.told.filter((line) => line.startsWith('BackOff')).length, 4);
  assert.ok((await node.runtime.containers.list()).length <= 2);
  node.stop.abort();
});

test('an image that cannot be pulled', async () => {
  const node = startNode({ images: [], registry: () => ({ ms: 50, error: 'no such image' }) });
  node.pod();
  const reason = (): unknown => node.status?.containerStatuses?.[0]?.state?.waiting?.reason;
  await node.clock.runUntil(() => reason() === 'ErrImagePull');
  await node.clock.runUntil(() => reason() === 'ImagePullBackOff');
  assert.equal(
    node.status?.containerStatuses?.[0]?.state?.waiting?.message,
    'Back-off pulling image "nginx:1": ErrImagePull: no such image',
  );
  assert.ok(
    node.told.includes('Failed: Failed to pull image "nginx:1": no such image') && node.told.includes('Failed: Error: ErrImagePull'),
  );
  node.stop.abort();
});

test('deletion: preStop, grace, sandbox, API object, then every trace', async () => {
  const node = startNode({ behaviour: () => ({ stopAfterMs: 3_000 }) });
  const pod = node.pod({ containers: [{ name: 'app', image: 'nginx:1', lifecycle: { preStop: { sleep: { seconds: 5 } } } }] });
  await node.clock.settle();
  const asked = node.clock.now();
  const deleted = {
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 },
  } as Pod;
  node.workers.update(deleted);
  await node.clock.runUntil(() => node.deleted.length > 0);
  assert.equal(node.clock.now() - asked, 8_000);
  assert.equal(node.shown.phase, 'Succeeded');
  node.workers.remove(deleted);
  await node.clock.settle();
  assert.deepEqual([await node.runtime.sandboxes.list(), await node.runtime.containers.list()], [[], []]);
  assert.equal(node.workers.get('u1'), undefined);
  assert.deepEqual([...node.host.files.keys()], []);
  node.stop.abort();
});

test('an impatient second delete shortens the grace', async () => {
  const node = startNode({ behaviour: () => ({ stopAfterMs: Number.POSITIVE_INFINITY }) });
  const pod = node.pod();
  await node.clock.settle();
  const deletedWith = (seconds: number): Pod =>
    ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'x', deletionGracePeriodSeconds: seconds } }) as Pod;
  node.workers.update(deletedWith(30));
  await node.clock.advance(1_000);
  node.workers.update(deletedWith(0));
  await node.clock.settle();
  assert.deepEqual(node.deleted, ['web']);
  assert.equal(node.shown.phase, 'Failed');
  node.stop.abort();
});

test('volumes follow the labels of their pod', async () => {
  const node = startNode();
  const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }];
  const pod = node.pod({ volumes: [{ name: 'v', downwardAPI: { items } }] }, { labels: { a: '1' } });
  await node.clock.settle();
  const shown = (): string => String(node.host.files.get('/k/pods/u1/volumes/kubernetes.io~downward-api/v/labels'));
  assert.equal(shown(), 'a="1"');
  node.workers.update({ ...pod, metadata: { ...pod.metadata, labels: { a: '2' } } } as Pod);
  await node.clock.settle();
  assert.equal(shown(), 'a="2"');
  node.stop.abort();
});

test('another kubelet adopts what runs', async () => {
  const node = startNode();
  node.pod();
  await node.clock.settle();
  const before = (await node.runtime.containers.list()).map(({ id }) => id);
  await node.restart();
  node.pod();
  await node.clock.settle();
  assert.deepEqual(
    (await node.runtime.containers.list()).map(({ id }) => id),
    before,
  );
  assert.equal(node.status?.phase, 'Running');
  node.stop.abort();
});

test('a container failing its liveness probe is killed and comes back; one that turns ready says so', async () => {
  let well = true;
  const exec = () => ({ exitCode: well ? 0 : 1, stdout: Buffer.from('sick'), stderr: Buffer.alloc(0) });
  const node = startNode({ behaviour: () => ({ exec }) });
  const probe = { exec: { command: ['check'] }, periodSeconds: 10, failureThreshold: 3 };
  node.pod({ containers: [{ name: 'app', image: 'nginx:1', livenessProbe: probe, readinessProbe: probe }] });
  await node.clock.runUntil(() => node.status?.containerStatuses?.[0]?.ready === true);
  well = false;
  await restarts(node, 1);
  assert.ok(node.told.includes('Unhealthy: Liveness probe failed: sick'));
  assert.ok(node.told.includes('Killing: Container app failed liveness probe, will be restarted'));
  node.stop.abort();
});

test('probes that fail restart a container at once while it lives longer than the delay in force, and then wait', async () => {
  const exec = () => ({ exitCode: 1, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) });
  const node = startNode({ behaviour: () => ({ exec }) });
  const begun = node.clock.now();
  const livenessProbe = { exec: { command: ['check'] }, initialDelaySeconds: 12, periodSeconds: 1, failureThreshold: 1 };
  node.pod({ containers: [{ name: 'app', image: 'nginx:1', livenessProbe }] });
  const at: number[] = [];
  for (const count of [1, 2, 3, 4]) {
    await restarts(node, count);
    at.push(Math.round((node.clock.now() - begun) / 1000));
  }
  assert.deepEqual(at, [12, 24, 36, 68]);
  node.stop.abort();
});

test('a container whose postStart hook fails is ended and comes back soon; of the hook no more is told than that it failed', async () => {
  let calls = 0;
  const exec = () => ({ exitCode: calls++ === 0 ? 1 : 0, stdout: Buffer.from('secret'), stderr: Buffer.alloc(0) });
  const node = startNode({ behaviour: () => ({ exec }) });
  const begun = node.clock.now();
  node.pod({ containers: [{ name: 'app', image: 'nginx:1', lifecycle: { postStart: { exec: { command: ['hook'] } } } }] });
  await restarts(node, 1);
  assert.ok(node.clock.now() - begun <= 2_000);
  assert.deepEqual(node.told.slice(1, 5), [
    'Created: Container created',
    'Started: Container started',
    'FailedPostStartHook: PostStartHook failed',
    'Killing: FailedPostStartHook',
  ]);
  assert.equal(
    node.told.some((line) => line.startsWith('Failed: ')),
    false,
  );
  node.stop.abort();
});

test('a pod that must not share the node’s users does not run as one of them', async () => {
  const node = startNode();
  node.pod({ hostUsers: false });
  await node.clock.advance(1_000);
  assert.deepEqual(await node.runtime.sandboxes.list(), []);
  const reason = "can't set `spec.hostUsers: false`, runtime does not support user namespaces";
  assert.equal(node.told[0], `FailedCreatePodSandBox: Failed to create pod sandbox: ${reason}`);
  node.stop.abort();
});

test('a pod no source names any more is taken down', async () => {
  const node = startNode();
  const pod = node.pod();
  await node.clock.settle();
  node.workers.remove(pod);
  await node.clock.advance(5_000);
  assert.deepEqual(await node.runtime.sandboxes.list(), []);
  node.stop.abort();
});

test('a dead sandbox is replaced, its address with it', async () => {
  const node = startNode();
  node.pod();
  await node.clock.settle();
  const [sandbox] = await node.runtime.sandboxes.list();
  node.runtime.crash(sandbox?.id ?? '');
  await node.clock.settle();
  assert.equal(node.status?.phase, 'Running');
  assert.equal(node.status?.podIP, '10.0.0.3');
  assert.equal(node.status?.containerStatuses?.[0]?.restartCount, 1);
  assert.ok(node.told.includes('SandboxChanged: Pod sandbox changed, it will be killed and re-created.'));
  node.stop.abort();
});

test('deletion does not wait for a pull', async () => {
  const node = startNode({ images: [], registry: () => ({ ms: 600_000 }) });
  const pod = node.pod();
  await node.clock.settle();
  node.workers.update({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'x', deletionGracePeriodSeconds: 30 } } as Pod);
  await node.clock.settle();
  assert.deepEqual(node.deleted, ['web']);
  node.stop.abort();
});

test('a list asked for before a sandbox was made does not lose it', async () => {
  const node = startNode();
  const relist = node.observer.relist();
  node.pod();
  await Promise.all([relist, node.clock.settle()]);
  assert.equal((await node.runtime.sandboxes.list()).length, 1);
  assert.equal(node.status?.phase, 'Running');
  node.stop.abort();
});

test('a restart under way is told of when the container runs', async () => {
  let made = 0;
  const node = startNode({ behaviour: () => (made++ === 0 ? { exitAfterMs: 1_000, exitCode: 1 } : { startDelayMs: 500 }) });
  node.pod();
  await node.clock.advance(1_250);
  assert.equal((await node.runtime.containers.list()).length, 2);
  for (const change of [() => node.workers.poke('u1'), () => node.workers.changed('u1')]) {
    change();
    await node.clock.settle();
    const [container] = node.status?.containerStatuses ?? [];
    assert.deepEqual([container?.restartCount, container?.state?.terminated?.exitCode, container?.state?.waiting], [0, 1, undefined]);
  }
  await node.clock.advance(500);
  const [container] = node.status?.containerStatuses ?? [];
  assert.deepEqual([container?.restartCount, container?.ready, container?.lastState?.terminated?.exitCode], [1, true, 1]);
  node.stop.abort();
});

test('another image: its container is back at once, and no crash of the one before holds it up', async () => {
  let made = 0;
  const node = startNode({ behaviour: () => (made++ < 4 ? { exitAfterMs: 100, exitCode: 1 } : {}) });
  const pod = node.pod();
  await restarts(node, 3);
  await node.clock.advance(1_000);
  assert.equal(node.status?.containerStatuses?.[0]?.state?.waiting?.reason, 'CrashLoopBackOff');
  node.workers.update({ ...pod, spec: { ...pod.spec, containers: [{ name: 'app', image: 'nginx:2' }] } } as Pod);
  await node.clock.settle();
  assert.deepEqual([node.status?.containerStatuses?.[0]?.restartCount, node.status?.containerStatuses?.[0]?.ready], [4, true]);
  node.stop.abort();
});

test('a look at the runtime that a start overtakes does not have the container started again', async () => {
  const node = startNode({ behaviour: () => ({ startDelayMs: 100 }) });
  const { containers } = node.runtime;
  const status = containers.status.bind(containers);
  // The answer is slow on its way: what it says of a created container is no longer so when it is heard.
  containers.status = async (id) => {
    const state = await status(id);
    if (state?.phase === 'created') await new Promise<void>((resolve) => void node.clock.after(500, resolve));
    return state;
  };
  node.pod();
  await node.clock.runUntil(() => node.workers.get('u1')?.observed.sandboxes.length === 1);
  await node.clock.advance(50);
  node.workers.changed('u1');
  await node.clock.runUntil(() => node.status?.phase === 'Running');
  await node.clock.advance(5_000);
  assert.deepEqual(
    (await node.runtime.containers.list()).map(({ phase, attempt }) => [phase, attempt]),
    [['running', 0]],
  );
  node.stop.abort();
});
