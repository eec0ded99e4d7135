import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPod } from '../pod/testpod.ts';
import { type Candidate, ranked } from './candidate.ts';
import { breach, limitsStorage } from './limits.ts';
import { starvationMessage } from './message.ts';
import { reclaims } from './reclaim.ts';
import { type NodeResources, plenty, type StarvedResource } from './signals.ts';
import { calm, crossed, parseThresholds, pressuresOf, type Watch, watch, withAllocatable, withContainerfs } from './thresholds.ts';

const half = { available: 50 * 2 ** 20, total: 100 * 2 ** 20, inodesFree: 500, inodes: 1000 };
const node: NodeResources = {
  ...plenty,
  memoryAvailable: 2 ** 30,
  memoryTotal: 2 ** 31,
  nodefs: half,
  imagefs: half,
  containerfs: half,
  pidsAvailable: 100,
  pidsTotal: 200,
};

interface Parts {
  readonly spec?: object;
  readonly name?: string;
  readonly priority?: number;
  readonly memory?: number;
  readonly rootfs?: number;
  readonly log?: number;
  readonly volumes?: Readonly<Record<string, number>>;
  readonly processes?: number;
}

function candidate({
  spec = {},
  name = 'web',
  priority = 0,
  memory = 0,
  rootfs = 0,
  log = 0,
  volumes = {},
  processes = 0,
}: Parts): Candidate {
  const filesystem = { capacityBytes: 0, availableBytes: 0, inodes: 0, inodesFree: 0 };
  return {
    pod: testPod({ priority, ...spec }, { name }),
    containers: [{ name: 'app', memoryBytes: memory, rootfs: { bytes: rootfs, inodes: 1 } }],
    footprint: {
      logs: new Map([['app', { bytes: log, inodes: 1 }]]),
      volumes: Object.entries(volumes).map(([volume, usedBytes]) => ({
        ...{ ...filesystem, name: volume, usedBytes, inodesUsed: 1, claim: undefined, at: 0 },
        local: volume !== 'tmp',
      })),
      rest: { bytes: 0, inodes: 1 },
    },
    processes,
  };
}

const mebi = 2 ** 20;
const withLimit = (limit: string): object => ({
  containers: [{ name: 'app', image: 'a', resources: { limits: { 'ephemeral-storage': limit } } }],
});

test('thresholds: by amount and by share, hard and soft; wrong ones are told of', () => {
  const hard = parseThresholds({ hard: 'memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<0%' });
  assert.deepEqual(
    hard.map(({ signal }) => signal),
    ['memory.available', 'nodefs.available'],
  );
  const signals = (left: Partial<NodeResources>): string[] => crossed(hard, { ...node, ...left }, false).map(({ signal }) => signal);
  assert.deepEqual(signals({}), []);
  assert.deepEqual(signals({ memoryAvailable: 99 * mebi, nodefs: { ...half, available: 9 * mebi } }), [
    'memory.available',
    'nodefs.available',
  ]);
  assert.throws(() => parseThresholds({ hard: 'disk.available<1' }), /unsupported eviction signal disk.available/);
  assert.throws(() => parseThresholds({ hard: 'memory.available<120%' }), /must be positive: 120%/);
  assert.throws(
    () => parseThresholds({ hard: '', soft: 'memory.available<1Gi' }),
    /grace period must be specified for the soft eviction threshold memory.available/,
  );
  const [soft] = parseThresholds({
    hard: '',
    soft: 'nodefs.inodesFree<20%',
    softGrace: 'nodefs.inodesFree=1m30s',
    minimumReclaim: 'nodefs.inodesFree=10%',
  });
  assert.deepEqual(soft, {
    signal: 'nodefs.inodesFree',
    amount: Math.fround(0.2),
    share: true,
    graceMs: 90_000,
    reclaim: { amount: Math.fround(0.1), share: true },
  });
});

test('what pods may use together is watched as the whole node is; without a cgroup of theirs it is not', () => {
  const thresholds = withAllocatable(
    parseThresholds({
      hard: 'nodefs.available<1%,memory.available<100Mi',
      soft: 'memory.available<1Gi',
      softGrace: 'memory.available=1m',
      minimumReclaim: 'memory.available=50Mi',
    }),
  );
  const { signal, graceMs, amount, reclaim } = thresholds.at(-1) ?? {};
  assert.deepEqual([thresholds.length, signal, graceMs, amount], [4, 'allocatableMemory.available', 0, 100 * mebi]);
  assert.deepEqual(reclaim, { amount: 50 * mebi, share: false });
  const due = (allocatableMemory: NodeResources['allocatableMemory']) => {
    const state = watch(calm, thresholds, { ...node, memoryAvailable: 2 ** 31, allocatableMemory }, 0);
    return [state.due.map((each) => each.signal), pressuresOf(state, 0, 1).memory];
  };
  assert.deepEqual(due({ available: 99 * mebi, total: 2 ** 30 }), [['allocatableMemory.available'], true]);
  assert.deepEqual(due({ available: 100 * mebi, total: 2 ** 30 }), [[], false]);
  assert.deepEqual(due(undefined), [[], false]);
});

test('containers’ layers are watched as the disk is that they lie on', () => {
  const given = parseThresholds({ hard: 'nodefs.available<10%,imagefs.available<15%,containerfs.available<99%' });
  const containerfs = (layout: NodeResources['layout']): unknown =>
    withContainerfs(given, layout).flatMap(({ signal, amount }) => (signal === 'containerfs.available' ? [amount] : []));
  assert.deepEqual(
    [containerfs('shared'), containerfs('images'), containerfs('split')],
    [[0.1], [0.15], [0.1]].map(([share = 0]) => [Math.fround(share)]),
  );
});

test('a soft threshold is due after its grace, a met one until enough is reclaimed, a pressure lasts on', () => {
  const thresholds = parseThresholds({
    hard: 'pid.available<10',
    soft: 'memory.available<1Gi',
    softGrace: 'memory.available=30s',
    minimumReclaim: 'memory.available=512Mi',
  });
  let state: Watch = calm;
  const due = (now: number, memory: number, pids = 100): string[] => {
    state = watch(state, thresholds, { ...node, memoryAvailable: memory, pidsAvailable: pids }, now);
    return state.due.map(({ signal }) => signal);
  };
  assert.deepEqual(due(0, 2 ** 29), []);
  assert.deepEqual(pressuresOf(state, 0, 300_000), { memory: true, disk: false, pid: false });
  assert.deepEqual(due(20_000, 2 ** 31), [], 'it was over in between');
  assert.deepEqual(due(25_000, 2 ** 29), []);
  assert.deepEqual(due(55_000, 2 ** 29, 5), ['memory.available', 'pid.available']);
  assert.deepEqual(due(65_000, 1.2 * 2 ** 30), ['memory.available'], 'not enough is free yet');
  assert.deepEqual(due(75_000, 1.5 * 2 ** 30), []);
  assert.equal(pressuresOf(state, 364_999, 300_000).memory, true);
  assert.equal(pressuresOf(state, 365_000, 300_000).memory, false);
});

test('who goes first: beyond the request, then by priority, then by how far', () => {
  const requests = { containers: [{ name: 'app', image: 'a', resources: { requests: { memory: '20', 'ephemeral-storage': '20' } } }] };
  const order = (signal: string, resource: StarvedResource, pods: Parts[], layout = node.layout): unknown =>
    ranked(
      pods.map((each) => candidate({ spec: requests, ...each })),
      signal,
      resource,
      layout,
    ).map(({ pod }) => pod.metadata?.name);
  const memory = [
    { name: 'within', memory: 10 },
    { name: 'important', memory: 90, priority: 5 },
    { name: 'a bit', memory: 30 },
    { name: 'a lot', memory: 90 },
  ];
  assert.deepEqual(order('memory.available', 'memory', memory), ['a lot', 'a bit', 'important', 'within']);
  const disk = [
    { name: 'writes', rootfs: 50 },
    { name: 'keeps', volumes: { data: 60 } },
    { name: 'in memory', volumes: { tmp: 99 } },
  ];
  assert.deepEqual(order('nodefs.available', 'ephemeral-storage', disk), ['keeps', 'writes', 'in memory']);
  assert.deepEqual(order('imagefs.available', 'ephemeral-storage', disk, 'images'), ['writes', 'keeps', 'in memory']);
  const asks = (bytes: string): object => ({
    containers: [{ name: 'app', image: 'a', resources: { requests: { 'ephemeral-storage': bytes } } }],
  });
  const files = [
    { name: 'asked for disk', spec: asks('1Gi'), volumes: { a: 1, b: 1, c: 1 } },
    { name: 'asked for nothing', spec: {}, volumes: { a: 1 } },
  ];
  assert.deepEqual(order('nodefs.inodesFree', 'inodes', files), ['asked for nothing', 'asked for disk']);
  assert.deepEqual(
    order('pid.available', 'pids', [
      { name: 'few', processes: 1 },
      { name: 'many', processes: 9 },
    ]),
    ['many', 'few'],
  );
});

test('what is told of a pod that goes', () => {
  const due = parseThresholds({ hard: 'nodefs.inodesFree<600,nodefs.available<60Mi,memory.available<3Gi' });
  const told = (resource: 'memory' | 'ephemeral-storage' | 'inodes', parts: Parts) =>
    starvationMessage(candidate(parts), resource, due, node);
  assert.deepEqual(told('ephemeral-storage', { rootfs: 3 * mebi, log: 4096 }), {
    message:
      'The node was low on resource: ephemeral-storage. Threshold quantity: 60Mi, available: 50Mi. ' +
      'Container app was using 3076Ki, request is 0, has larger consumption of ephemeral-storage. ',
    annotations: { offending_containers: 'app', offending_containers_usage: '3076Ki', starved_resource: 'ephemeral-storage' },
  });
  assert.deepEqual(told('inodes', {}), {
    message: 'The node was low on resource: inodes. Threshold quantity: 600, available: 500. ',
    annotations: { offending_containers: '', offending_containers_usage: '', starved_resource: 'inodes' },
  });
  const whole = told('memory', { memory: mebi, spec: { resources: { requests: { memory: '512Ki' } } } });
  assert.match(whole.message, /Pod web was using 1Mi, request is 512Ki, has larger consumption of memory\. Container app was using 1Mi/);
  assert.equal(whole.annotations.offending_pod_usage, '1Mi');
});

test('the first of a pod’s own limits that it exceeds', () => {
  const volumes = [
    { name: 'big', emptyDir: {} },
    { name: 'v', emptyDir: { sizeLimit: '1024Ki' } },
  ];
  const one = withLimit('1Mi');
  const found = (parts: Parts, apart = false): unknown => breach(candidate(parts), apart);
  assert.equal(found({ spec: { volumes }, volumes: { big: 9 * mebi, v: mebi } }), undefined);
  assert.deepEqual(found({ spec: { ...one, volumes }, volumes: { v: mebi + 1 } }), {
    signal: 'emptydirfs.limit',
    message: 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ',
  });
  assert.deepEqual(found({ spec: one, rootfs: mebi, log: 1 }), {
    signal: 'ephemeralpodfs.limit',
    message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ',
  });
  assert.equal(found({ spec: one, rootfs: mebi }), undefined);
  const two = {
    containers: [...(one as { containers: object[] }).containers, { name: 'b', resources: { limits: { 'ephemeral-storage': '9Mi' } } }],
  };
  assert.deepEqual(found({ spec: two, rootfs: mebi, log: 1 }), {
    signal: 'ephemeralcontainerfs.limit',
    message: 'Container app exceeded its local ephemeral storage limit "1Mi". ',
  });
  assert.equal(found({ spec: two, rootfs: mebi, log: 1 }, true), undefined, 'writable layers lie elsewhere');
  assert.equal(found({ spec: one, volumes: { tmp: 9 * mebi } }), undefined, 'memory is no disk');
  assert.deepEqual([testPod(), testPod(one), testPod({ volumes })].map(limitsStorage), [false, true, true]);
});

test('what is freed before a pod has to go', () => {
  assert.deepEqual(reclaims('memory.available', 'shared'), []);
  assert.deepEqual(reclaims('nodefs.inodesFree', 'shared'), ['containers', 'images']);
  assert.deepEqual(reclaims('nodefs.available', 'images'), []);
  assert.deepEqual(reclaims('imagefs.available', 'split'), ['images']);
});
