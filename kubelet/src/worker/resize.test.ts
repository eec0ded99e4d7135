import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { Pod, PodStatus } from '@keelson/types';
import { filesOfV1, filesOfV2 } from './cgroups.ts';
import { TestNode } from './testnode.ts';

const startNode = (): TestNode<SimulatedClock> => new TestNode(new SimulatedClock());

type Amounts = Readonly<Record<string, string>>;

const even = (cpu: string, memory: string): object => ({ requests: { cpu, memory }, limits: { cpu, memory } });
const spec = (resources: object, more: object = {}): object => ({ containers: [{ name: 'app', image: 'nginx:1', resources }], ...more });
const asking = (cpu: string): object => spec({ requests: { cpu } });
const shown = (status: PodStatus | undefined): unknown => status?.containerStatuses?.[0]?.resources;
const condition = (status: PodStatus | undefined, type: string): readonly unknown[] | undefined => {
  const found = status?.conditions?.find((each) => each.type === type);
  return found && [found.reason, found.message, found.observedGeneration];
};

async function runtimeOf(node: TestNode<SimulatedClock>, name = 'app'): Promise<{ id: string; cpuQuota: number; memoryLimit: number }> {
  const running = (await node.runtime.containers.list()).find((each) => each.name === name && each.phase === 'running');
  assert.ok(running);
  const { cpuQuota, memoryLimit } = node.runtime.resources(running.id);
  return { id: running.id, cpuQuota, memoryLimit };
}

async function settled(node: TestNode<SimulatedClock>, wanted: object, metadata: object = {}): Promise<Pod> {
  const pod = node.pod(wanted, metadata);
  await node.clock.settle();
  return pod;
}

const mebi = 2 ** 20;
const cgroup = '/kubepods/podu1';

test('a running pod gets other resources without restarting', async () => {
  const node = startNode();
  await settled(node, spec(even('20m', '35Mi')));
  assert.deepEqual(node.cgroups.limits.get(cgroup), { cpuShares: 20, cpuQuota: 2000, memoryLimit: 35 * mebi });
  const before = await runtimeOf(node);
  node.cgroups.log.length = 0;
  await settled(node, spec(even('30m', '32Mi')), { generation: 2 });
  assert.deepEqual(await runtimeOf(node), { id: before.id, cpuQuota: 3000, memoryLimit: 32 * mebi });
  assert.deepEqual(node.cgroups.log, [`${cgroup} 30 3000 ${35 * mebi}`, `${cgroup} 30 3000 ${32 * mebi}`]);
  assert.deepEqual(shown(node.status), even('30m', '32Mi'));
  assert.deepEqual([condition(node.status, 'PodResizeInProgress'), node.status?.observedGeneration], [undefined, 2]);
  assert.deepEqual(
    node.told.filter((line) => line.includes('esize')).map((line) => line.slice(0, line.indexOf(':', 20))),
    ['ResizeStarted: Pod resize started', 'ResizeCompleted: Pod resize completed'],
  );
  node.stop.abort();
});

test('a container whose policy says so is restarted with its new resources', async () => {
  const node = startNode();
  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
  const wanted = (memory: string): object => ({
    restartPolicy: 'OnFailure',
    containers: [
      { name: 'app', image: 'nginx:1', resources: even('20m', memory), resizePolicy },
      { name: 'other', image: 'nginx:1', resources: even('20m', '20Mi'), resizePolicy },
    ],
  });
  await settled(node, wanted('35Mi'));
  await settled(node, wanted('30Mi'), { generation: 2 });
  assert.equal((await runtimeOf(node)).memoryLimit, 30 * mebi);
  assert.deepEqual(
    node.status?.containerStatuses?.map(({ restartCount }) => restartCount),
    [1, 0],
  );
  assert.equal(node.cgroups.limits.get(cgroup)?.memoryLimit, 50 * mebi);
  assert.ok(node.told.includes('Killing: Container app resize requires restart'));
  assert.equal(condition(node.status, 'PodResizeInProgress'), undefined);
  node.stop.abort();
});

test('a limit below what is in use is refused, and said', async () => {
  const node = startNode();
  await settled(node, spec(even('20m', '35Mi')));
  const { id } = await runtimeOf(node);
  node.cgroups.usage.set(cgroup, 9 * mebi).set(`${cgroup}/${id}`, 8 * mebi);
  await settled(node, spec(even('20m', '4Mi')), { generation: 2 });
  const told =
    'cannot decrease memory limits: [attempting to set pod memory limit (4194304) below current usage (9437184), ' +
    'attempting to set container "app" memory limit (4194304) below current usage (8388608)]';
  assert.deepEqual(condition(node.status, 'PodResizeInProgress'), ['Error', told, 2]);
  assert.deepEqual(shown(node.status), even('20m', '35Mi'));
  assert.equal(node.told.filter((line) => line.startsWith('ResizeError: Pod resize error: ')).length, 1);
  node.cgroups.usage.clear();
  await node.clock.advance(11_000);
  assert.deepEqual([shown(node.status), condition(node.status, 'PodResizeInProgress')], [even('20m', '4Mi'), undefined]);
  node.stop.abort();
});

test('room that comes goes to the most important pod that waits', async () => {
  const node = startNode();
  const of = (uid: string): PodStatus | undefined => node.workers.get(uid)?.status;
  const metadata = (name: string, generation = 1): object => ({ name, uid: name, generation });
  const big = await settled(node, asking('4'), metadata('big'));
  for (const name of ['low', 'high']) await settled(node, { ...asking('1'), priority: name === 'high' ? 10 : 0 }, metadata(name));
  await settled(node, asking('9'), metadata('low', 2));
  const infeasible = "Node didn't have enough capacity: cpu, requested: 9000, capacity: 8000";
  assert.deepEqual(condition(of('low'), 'PodResizePending'), ['Infeasible', infeasible, 2]);
  for (const name of ['low', 'high']) await settled(node, { ...asking('5'), priority: name === 'high' ? 10 : 0 }, metadata(name, 3));
  const deferred = "Node didn't have enough resource: cpu, requested: 5000, used: 5000, capacity: 8000";
  for (const name of ['low', 'high']) assert.deepEqual(condition(of(name), 'PodResizePending'), ['Deferred', deferred, 3]);
  node.workers.remove(big);
  await node.clock.advance(5_000);
  assert.deepEqual([condition(of('high'), 'PodResizePending'), shown(of('high'))], [undefined, { requests: { cpu: '5' } }]);
  const later = "Node didn't have enough resource: cpu, requested: 5000, used: 5000, capacity: 8000";
  assert.deepEqual([condition(of('low'), 'PodResizePending'), shown(of('low'))], [['Deferred', later, 3], { requests: { cpu: '1' } }]);
  node.stop.abort();
});

test('another kubelet knows what was set aside and what was done', async () => {
  const node = startNode();
  await settled(node, asking('1'), { generation: 1 });
  const other = { name: 'other', uid: 'other' };
  await settled(node, asking('6'), other);
  await node.restart();
  // Asked for while nobody was there, and there is no room for it.
  node.pod(asking('6'), other);
  await settled(node, asking('3'), { generation: 2 });
  assert.deepEqual(shown(node.status), { requests: { cpu: '1' } });
  assert.equal(condition(node.status, 'PodResizePending')?.[0], 'Deferred');
  await settled(node, asking('2'), { generation: 3 });
  assert.deepEqual(shown(node.status), { requests: { cpu: '2' } });
  await node.restart();
  node.pod(asking('6'), other);
  await settled(node, asking('5'), { generation: 4 });
  assert.deepEqual(shown(node.status), { requests: { cpu: '2' } });
  assert.equal(condition(node.status, 'PodResizePending')?.[0], 'Deferred');
  node.stop.abort();
});

test('limits as the files of both versions of cgroups say them', () => {
  const limits = { cpuShares: 102, cpuQuota: -1, memoryLimit: 1024 };
  const text = (files: ReturnType<typeof filesOfV1>): Amounts => Object.fromEntries(files.map(([, file, value]) => [file, value]));
  assert.deepEqual(text(filesOfV1(limits)), { 'cpu.shares': '102', 'cpu.cfs_quota_us': '-1', 'memory.limit_in_bytes': '1024' });
  assert.deepEqual(text(filesOfV2(limits)), { 'cpu.weight': '4', 'cpu.max': 'max 100000', 'memory.max': '1024' });
  assert.equal(text(filesOfV2({ ...limits, memoryLimit: -1 }))['memory.max'], 'max');
});
