import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { Pod } from '@keelson/types';
import type { ModelOptions } from '../cri/model/index.ts';
import { Footprints } from '../footprint/footprints.ts';
import { TestNode } from '../worker/testnode.ts';
import { evictionSettings } from './flags.ts';
import { type Eviction, EvictionManager, type EvictionSettings } from './manager.ts';
import { type NodeResources, plenty } from './signals.ts';
import { parseThresholds } from './thresholds.ts';

/** A node with an eviction manager, and what it does. */
class Bench {
  readonly node: TestNode<SimulatedClock>;
  left: NodeResources = plenty;
  readonly evicted: Eviction[] = [];
  readonly log: string[] = [];
  /** What removing images leaves the node with. */
  afterReclaim: NodeResources | undefined;
  readonly manager: EvictionManager;

  constructor(settings: EvictionSettings = {}, options: Partial<ModelOptions> = {}) {
    const clock = new SimulatedClock();
    this.node = new TestNode(clock, options);
    const { host, workers, runtime } = this.node;
    const footprints = new Footprints(host, { root: '/k', logs: '/k/logs' }, clock);
    this.manager = new EvictionManager({
      clock,
      workers,
      settings,
      measure: async () => this.left,
      usage: { containers: () => runtime.containers.stats(), footprint: (record) => footprints.of(record), processes: async () => 0 },
      reclaim: {
        containers: () => workers.removeEnded(),
        images: async () => {
          this.log.push('images removed');
          this.left = this.afterReclaim ?? this.left;
        },
      },
      isStatic: ({ metadata }) => metadata?.name === 'static',
      tell: {
        pressures: () => void this.log.push(`pressures ${JSON.stringify(this.manager.pressures)}`),
        reclaiming: (resource) => void this.log.push(`reclaiming ${resource}`),
        evicted: (eviction) => void this.evicted.push(eviction),
      },
    });
  }

  start(): void {
    void this.manager.run(this.node.stop.signal, (error) => assert.fail(String(error)));
  }

  async pod(name: string, spec: object = {}): Promise<Pod> {
    const pod = this.node.pod({ nodeName: 'n1', ...spec }, { uid: name, name });
    await this.node.clock.settle();
    return pod;
  }

  phase(name: string): string | undefined {
    return this.node.workers.get(name)?.status?.phase;
  }

  failed(name: string): Promise<void> {
    return this.node.clock.runUntil(() => this.phase(name) === 'Failed', 120_000);
  }

  get names(): (string | undefined)[] {
    return this.evicted.map(({ pod }) => pod.metadata?.name);
  }
}

const storage = (bound: 'limits' | 'requests', amount: string, rest: object = {}): object => ({
  containers: [{ name: 'app', image: 'nginx:1', resources: { [bound]: { 'ephemeral-storage': amount } } }],
  ...rest,
});
const full = { available: 1, total: 100, inodesFree: 100, inodes: 100 };
const hard = { thresholds: parseThresholds({ hard: 'nodefs.available<10%' }) };

test('pods above their own limits are evicted at once, the others stay', async () => {
  const bench = new Bench();
  await bench.pod('plain');
  await bench.pod('modest', storage('limits', '1Ki'));
  await bench.pod('talker', storage('limits', '1Ki'));
  await bench.pod('filler', { volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Ki' } }] });
  await bench.pod('static', storage('limits', '1Ki'));
  bench.start();
  await bench.node.clock.advance(30_000);
  assert.deepEqual(bench.names, []);
  const { host, clock } = bench.node;
  await host.write('/k/logs/default_talker_talker/app/0.log', 'x'.repeat(2000));
  await host.write('/k/logs/default_static_static/app/0.log', 'x'.repeat(2000));
  await host.write('/k/pods/filler/volumes/kubernetes.io~empty-dir/v/file', 'x'.repeat(2000));
  const from = clock.now();
  await bench.failed('talker');
  await bench.failed('filler');
  assert.ok(clock.now() - from < 15_000, `took ${clock.now() - from} ms`);
  assert.deepEqual(bench.names, ['talker', 'filler']);
  const { reason, message, conditions } = bench.node.workers.get('talker')?.status ?? {};
  assert.deepEqual([reason, message], ['Evicted', 'Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ']);
  assert.equal(
    conditions?.some(({ type }) => type === 'DisruptionTarget'),
    false,
  );
  assert.deepEqual([bench.phase('plain'), bench.phase('modest'), bench.phase('static')], ['Running', 'Running', 'Running']);
  bench.node.stop.abort();
});

test('what a container writes counts with its log', async () => {
  const bench = new Bench({}, { behaviour: (_, { name }) => ({ diskBytes: name === 'writer' ? 700 : 0 }) });
  await bench.pod('writer', storage('limits', '1Ki', { initContainers: [] }));
  bench.start();
  await bench.node.clock.advance(30_000);
  assert.deepEqual(bench.names, []);
  await bench.node.host.write('/k/logs/default_writer_writer/app/0.log', 'x'.repeat(400));
  await bench.failed('writer');
  bench.node.stop.abort();
});

test('a full disk: images go first; then one pod at a time, told why, until there is room', async () => {
  const behaviour: ModelOptions['behaviour'] = (_, { name }) => ({ diskBytes: name === 'large' ? 9000 : name === 'small' ? 5000 : 0 });
  const bench = new Bench(hard, { behaviour });
  for (const name of ['small', 'large', 'idle']) await bench.pod(name);
  bench.left = { ...plenty, nodefs: full };
  bench.afterReclaim = plenty;
  bench.start();
  await bench.node.clock.advance(25_000);
  const pressed = 'pressures {"memory":false,"disk":true,"pid":false}';
  assert.deepEqual(bench.log, [pressed, 'reclaiming ephemeral-storage', 'images removed']);
  assert.deepEqual(bench.names, []);
  bench.left = { ...plenty, nodefs: full };
  bench.afterReclaim = undefined;
  await bench.failed('large');
  assert.deepEqual(bench.names, ['large']);
  bench.left = plenty;
  await bench.node.clock.advance(60_000);
  assert.deepEqual(bench.names, ['large']);
  const status = bench.node.workers.get('large')?.status;
  const message = bench.evicted[0]?.message;
  assert.match(
    message ?? '',
    /^The node was low on resource: ephemeral-storage\. Threshold quantity: 10, available: 1\. Container app was using 9000,/,
  );
  assert.equal(status?.message, message);
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  assert.deepEqual([condition?.reason, condition?.message], ['TerminationByKubelet', message]);
  assert.equal(bench.manager.pressures.disk, true);
  await bench.node.clock.advance(300_000);
  assert.equal(bench.manager.pressures.disk, false);
  bench.node.stop.abort();
});

test('the grace of pods: a second for hard thresholds, their own up to a bound for soft ones', async () => {
  const grace = async (settings: EvictionSettings): Promise<number | undefined> => {
    const bench = new Bench(settings);
    await bench.pod('web');
    bench.left = { ...plenty, nodefs: full };
    bench.start();
    await bench.node.clock.runUntil(() => bench.evicted.length > 0, 120_000);
    bench.node.stop.abort();
    return bench.node.workers.get('web')?.verdict?.graceSeconds;
  };
  const flags = { 'eviction-hard': '', 'eviction-soft': 'nodefs.available<10%', 'eviction-soft-grace-period': 'nodefs.available=1m' };
  const bounded = (most: number): EvictionSettings => evictionSettings({ ...flags, 'eviction-max-pod-grace-period': most });
  assert.deepEqual(
    [await grace(hard), await grace(evictionSettings(flags)), await grace(bounded(7)), await grace(bounded(70))],
    [1, 30, 7, 30],
  );
});

test('what ended pods hold is given back, and their status stays', async () => {
  const bench = new Bench(hard, { behaviour: (_, { name }) => (name === 'job' ? { exitAfterMs: 100, exitCode: 3 } : {}) });
  await bench.pod('job', { restartPolicy: 'Never' });
  await bench.pod('web', { priority: 2_000_000_000 });
  await bench.failed('job');
  await bench.node.clock.advance(5_000);
  const before = bench.node.workers.get('job')?.status;
  bench.left = { ...plenty, nodefs: full };
  bench.start();
  await bench.node.clock.advance(30_000);
  assert.equal((await bench.node.runtime.containers.list()).length, 1, 'the container that runs');
  assert.deepEqual(bench.node.workers.get('job')?.status?.containerStatuses, before?.containerStatuses);
  assert.deepEqual([bench.phase('job'), bench.phase('web'), bench.names.length], ['Failed', 'Running', 0]);
  bench.node.stop.abort();
});
