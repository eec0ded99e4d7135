import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Node, Pod, type ResourceRequirements } from '@keelson/types';
import { type Bench, idle, isReady, lines, namespace, present, type Subtests, shell, statusOf } from './bench.ts';

type Amounts = { readonly cpu?: string; readonly memory?: string };
interface Resources {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
}
type Wanted = Readonly<Record<string, Resources>>;

const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
const files = v2 ? ['cpu.weight', 'cpu.max', 'memory.max'] : ['cpu/cpu.shares', 'cpu/cpu.cfs_quota_us', 'memory/memory.limit_in_bytes'];
const sleeper = (name: string, resources: Resources, more: object = {}): object =>
  shell('trap "exit 0" TERM; sleep 86400 & wait', { name, resources, ...more });
const even = (cpu: number, memory: number): Resources => {
  const both = { cpu: `${cpu}m`, memory: `${memory}Mi` };
  return { requests: both, limits: both };
};
const at = (name: string): { namespace: string; name: string } => ({ namespace, name });

/** What the kernel should say of a container: shares, quota, and memory limit where there is one. */
function expected({ requests, limits }: Resources): string[] {
  const milli = (amount: string | undefined): number => Number.parseInt(amount ?? '0', 10);
  const weight = Math.max(Math.floor((milli(requests?.cpu ?? limits?.cpu) * 1024) / 1000), 2);
  const quota = limits?.cpu ? String(Math.max(milli(limits.cpu) * 100, 1000)) : v2 ? 'max' : '-1';
  const memory = limits?.memory ? [String(Number.parseInt(limits.memory, 10) * 2 ** 20)] : [];
  return v2 ? [String(1 + Math.floor(((weight - 2) * 9999) / 262_142)), `${quota} 100000`, ...memory] : [String(weight), quota, ...memory];
}

async function create(bench: Bench, name: string, wanted: Wanted, spec: object = {}): Promise<void> {
  const containers = Object.entries(wanted).map(([own, resources]) => sleeper(own, resources));
  await bench.create(name, { containers, restartPolicy: 'OnFailure', ...spec });
  await bench.ready(name);
  await verify(bench, name, wanted);
}

function patch(bench: Bench, name: string, wanted: Wanted, list = 'containers'): Promise<Pod> {
  const containers = Object.entries(wanted).map(([own, resources]) => ({ name: own, resources }));
  return bench.api.patch(
    Pod,
    at(name),
    'application/strategic-merge-patch+json',
    { spec: { [list]: containers } },
    { subresource: 'resize' },
  );
}

const inForce = (pod: Pod, wanted: Wanted): boolean =>
  Object.entries(wanted).every(
    ([own, resources]) => JSON.stringify(sorted(statusOf(pod, own).resources)) === JSON.stringify(sorted(resources)),
  );
const sorted = ({ requests, limits }: ResourceRequirements = {}): unknown[] => [
  requests?.cpu,
  requests?.memory,
  limits?.cpu,
  limits?.memory,
];
const conditionOf = (pod: Pod | undefined, type: string) => pod?.status?.conditions?.find((each) => each.type === type);
const isResizing = (pod: Pod): boolean => Boolean(conditionOf(pod, 'PodResizePending') ?? conditionOf(pod, 'PodResizeInProgress'));

/** The pod once everything it asks for is in force, checked from inside. */
async function verify(bench: Bench, name: string, wanted: Wanted): Promise<Pod> {
  const pod = await bench.until(name, 'has its resources', (each) => inForce(each, wanted) && !isResizing(each) && isReady(each));
  assert.equal(pod.status?.observedGeneration, pod.metadata?.generation);
  for (const [own, resources] of Object.entries(wanted)) {
    const text = await bench.exec(name, files.map((file) => `cat /sys/fs/cgroup/${file}`).join('; '), own);
    const values = expected(resources);
    assert.deepEqual(lines(text).slice(0, values.length), values, `${name}/${own}`);
    assert.deepEqual(statusOf(pod, own).allocatedResources ?? {}, resources.requests ?? {});
  }
  return pod;
}

/** The files of the pod's own cgroup on the node. */
function podCgroup(bench: Bench, pod: Pod): string[] {
  return files.map((file) => {
    const [controller = '', name] = v2 ? ['', file] : file.split('/');
    const [path] = globSync(
      join('/sys/fs/cgroup', controller, `kubepods-${bench.cluster.netns}`, '**', `pod${pod.metadata?.uid}`, name ?? ''),
    );
    return readFileSync(present(path), 'utf8').trim();
  });
}

const restarts = (pod: Pod): number[] => (pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount);

/** What a pod may use, changed while it runs. */
export const resize: Subtests = {
  async 'resize: requests and limits come, grow and shrink where there were others or none'(bench) {
    await create(bench, 'resize-burstable', {
      c1: { requests: { cpu: '20m' } },
      c2: { requests: { memory: '35Mi' } },
      c3: { requests: { cpu: '20m', memory: '35Mi' } },
      c4: { requests: { cpu: '20m' } },
      c5: { requests: { memory: '35Mi' } },
    });
    const after: Wanted = {
      c1: { requests: { cpu: '25m' }, limits: { cpu: '35m' } },
      c2: { requests: { memory: '30Mi' }, limits: { memory: '50Mi' } },
      c3: { requests: { cpu: '20m', memory: '30Mi' } },
      c4: { requests: { cpu: '15m', memory: '35Mi' } },
      c5: { requests: { cpu: '20m', memory: '40Mi' } },
    };
    const patched = await patch(bench, 'resize-burstable', after);
    assert.equal(patched.metadata?.generation, 2);
    const pod = await verify(bench, 'resize-burstable', after);
    assert.deepEqual([pod.status?.qosClass, restarts(pod)], ['Burstable', [0, 0, 0, 0, 0]]);
    await bench.event(
      'resize-burstable',
      'ResizeStarted',
      /^Pod resize started: \{"containers":\[\{"name":"c1","resources":\{"limits":\{"cpu":"35m"\}/,
    );
    await bench.event('resize-burstable', 'ResizeCompleted', /"generation":2\}$/);
  },

  async 'resize: a guaranteed pod grows and shrinks with its containers, and back'(bench) {
    const before: Wanted = { c1: even(20, 35), c2: even(22, 37), c3: even(24, 39) };
    await create(bench, 'resize-guaranteed', before);
    for (const after of [
      { c1: even(25, 40), c2: even(27, 42), c3: even(19, 34) },
      { c1: even(25, 40), c2: even(17, 32), c3: even(19, 34) },
      before,
    ]) {
      await patch(bench, 'resize-guaranteed', after);
      const pod = await verify(bench, 'resize-guaranteed', after);
      const total = (pick: (resources: Resources) => string | undefined): number =>
        Object.values(after).reduce((sum, each) => sum + Number.parseInt(present(pick(each)), 10), 0);
      const whole = even(
        total(({ limits }) => limits?.cpu),
        total(({ limits }) => limits?.memory),
      );
      assert.deepEqual([podCgroup(bench, pod), restarts(pod)], [expected(whole), [0, 0, 0]]);
    }
  },

  async 'resize: what comes to the same for the kernel is shown as asked for'(bench) {
    await create(bench, 'resize-same', { c1: { requests: { cpu: '2m' }, limits: { cpu: '10m' } } });
    for (const after of [
      { requests: { cpu: '1m' }, limits: { cpu: '5m' } },
      { requests: { cpu: '2m' }, limits: { cpu: '10m' } },
    ]) {
      await patch(bench, 'resize-same', { c1: after });
      await verify(bench, 'resize-same', { c1: after });
    }
  },

  async 'resize: by replacing the pod'(bench) {
    await create(bench, 'resize-replaced', { c1: { requests: { cpu: '20m', memory: '35Mi' } } });
    const wanted = { requests: { cpu: '25m', memory: '40Mi' } };
    const pod = await bench.api.get(Pod, at('resize-replaced'));
    const containers = pod.spec.containers.map((container) => ({ ...container, resources: wanted }));
    const updated = await bench.api.update(Pod, { ...pod, spec: { ...pod.spec, containers } } as Pod, { subresource: 'resize' });
    assert.equal(updated.metadata?.generation, 2);
    await verify(bench, 'resize-replaced', { c1: wanted });
  },

  async 'resize: only what its policy says is restarted'(bench) {
    const resizePolicy = [
      { resourceName: 'cpu', restartPolicy: 'NotRequired' },
      { resourceName: 'memory', restartPolicy: 'RestartContainer' },
    ];
    const [c1, c2] = ['c1', 'c2'].map((own) => sleeper(own, even(20, 35), { resizePolicy }));
    const proxy = sleeper('proxy', even(20, 35), { resizePolicy, restartPolicy: 'Always' });
    await bench.create('resize-policy', { initContainers: [proxy], containers: [c1, c2], restartPolicy: 'OnFailure' });
    await bench.ready('resize-policy');
    await patch(bench, 'resize-policy', { c1: even(25, 35) });
    assert.deepEqual(restarts(await verify(bench, 'resize-policy', { c1: even(25, 35), c2: even(20, 35) })), [0, 0]);
    await patch(bench, 'resize-policy', { c1: even(20, 40) });
    assert.deepEqual(restarts(await verify(bench, 'resize-policy', { c1: even(20, 40), c2: even(20, 35) })), [1, 0]);
    await bench.event('resize-policy', 'Killing', /^Container c1 resize requires restart$/);
    await patch(bench, 'resize-policy', { proxy: even(30, 30) }, 'initContainers');
    const pod = await verify(bench, 'resize-policy', { c1: even(20, 40), proxy: even(30, 30) });
    assert.deepEqual([restarts(pod), statusOf(pod, 'proxy').restartCount], [[1, 0], 1]);
    assert.deepEqual(podCgroup(bench, pod), expected(even(70, 105)));
  },

  async 'resize: what the node cannot give, and what it can give later'(bench) {
    const [node] = (await bench.api.list(Node)).items;
    const share = (part: number): string => `${Math.floor(Number.parseInt(String(node?.status?.allocatable?.memory), 10) * part)}Ki`;
    await bench.create('resize-holder', { containers: [idle({ resources: { requests: { memory: share(0.6) } } })] });
    await bench.running('resize-holder');
    const small = { requests: { cpu: '10m', memory: '20Mi' } };
    await create(bench, 'resize-waiting', { c1: small });
    await assert.rejects(
      patch(bench, 'resize-waiting', { c1: { requests: { cpu: '1000', memory: '20Mi' } } }),
      /Node didn't have enough allocatable resources: cpu, requested: 1000000, allocatable: \d+$/,
    );
    const large = { requests: { cpu: '10m', memory: share(0.5) } };
    await patch(bench, 'resize-waiting', { c1: large });
    const later = await bench.until('resize-waiting', 'waits', (pod) => conditionOf(pod, 'PodResizePending')?.reason === 'Deferred');
    assert.match(
      conditionOf(later, 'PodResizePending')?.message ?? '',
      /^Node didn't have enough resource: memory, requested: \d+, used: \d+, capacity: \d+$/,
    );
    assert.deepEqual([statusOf(later, 'c1').resources, statusOf(later, 'c1').allocatedResources], [small, small.requests]);
    await bench.event('resize-waiting', 'ResizeDeferred', /^Pod resize Deferred: /);
    await bench.remove('resize-holder');
    await verify(bench, 'resize-waiting', { c1: large });
    await bench.remove('resize-waiting');
  },

  async 'resize: no less memory than is in use'(bench) {
    const memory = (amount: string): Resources => ({ requests: { memory: amount }, limits: { memory: amount } });
    await create(bench, 'resize-memory', { c1: memory('35Mi') });
    await patch(bench, 'resize-memory', { c1: memory('30Mi') });
    await verify(bench, 'resize-memory', { c1: memory('30Mi') });
    await patch(bench, 'resize-memory', { c1: memory('10Ki') });
    const failed = await bench.until('resize-memory', 'fails', (pod) => conditionOf(pod, 'PodResizeInProgress')?.reason === 'Error');
    assert.match(conditionOf(failed, 'PodResizeInProgress')?.message ?? '', /memory limit \(10240\) below current usage \(\d+\)/);
    assert.deepEqual([statusOf(failed, 'c1').resources, conditionOf(failed, 'PodResizePending')], [memory('30Mi'), undefined]);
    await bench.event('resize-memory', 'ResizeError', /^Pod resize error: /);
    await patch(bench, 'resize-memory', { c1: memory('35Mi') });
    assert.deepEqual(restarts(await verify(bench, 'resize-memory', { c1: memory('35Mi') })), [0]);
  },
};

/** What would disturb others. */
export const resizeAlone: Subtests = {
  async 'resize: a kubelet that starts anew knows what was set aside before'(bench) {
    const before: Wanted = { c1: even(20, 35), c2: even(20, 35) };
    await create(bench, 'resize-survivor', before);
    await patch(bench, 'resize-survivor', { c1: even(25, 35) });
    await verify(bench, 'resize-survivor', { c1: even(25, 35), c2: even(20, 35) });
    process.kill(bench.cluster.pid('kubelet'), 'SIGKILL');
    await patch(bench, 'resize-survivor', { c2: even(30, 40) });
    await bench.cluster.up();
    const pod = await verify(bench, 'resize-survivor', { c1: even(25, 35), c2: even(30, 40) });
    assert.deepEqual([restarts(pod), podCgroup(bench, pod)], [[0, 0], expected(even(55, 75))]);
    await bench.event('resize-survivor', 'ResizeCompleted', /"generation":3\}$/);
  },
};
