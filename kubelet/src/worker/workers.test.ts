import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, silentLogger } from '@keelson/base';
import type { Api } from '@keelson/client';
import { SimulatedClock } from '@keelson/testing';
import type { Pod, PodStatus } from '@keelson/types';
import { type ModelOptions, ModelRuntime } from '../cri/model/index.ts';
import { ImageManager } from '../image/images.ts';
import { testPod } from '../pod/testpod.ts';
import { ProbeManager } from '../probe/manager.ts';
import { modelProber } from '../probe/prober.ts';
import { ReferencedObjects } from '../source/objects.ts';
import { MemoryHost } from '../volume/memory.ts';
import { Tokens } from '../volume/tokens.ts';
import type { WorkerDeps } from './deps.ts';
import { Limiter } from './limiter.ts';
import { Observer } from './observer.ts';
import { Reporter } from './reporter.ts';
import { PodWorkers } from './workers.ts';

type Patch = { status: PodStatus };

/** One node on a model runtime; what it tells the API server is written down. */
class TestNode {
  readonly clock = new SimulatedClock();
  readonly told: string[] = [];
  /** The status as the patches add up to it. */
  shown: PodStatus = {};
  readonly deleted: string[] = [];
  readonly stop = new AbortController();
  readonly host = new MemoryHost();
  readonly runtime: ModelRuntime;
  readonly observer: Observer;
  workers: PodWorkers;

  constructor(options: Partial<ModelOptions> = {}) {
    this.runtime = new ModelRuntime({ clock: this.clock, random: seededRandom(1), podCidr: '10.0.0.0/24', ...options });
    this.observer = new Observer(this.runtime, async (container) => container);
    this.workers = this.#workers(this.observer);
  }

  /** The kubelet's process ends; another takes over what runs. */
  async restart(): Promise<void> {
    const observer = new Observer(this.runtime, async (container) => container);
    await observer.relist();
    this.workers = this.#workers(observer);
  }

  pod(spec: object = {}, metadata: object = {}): Pod {
    const pod = testPod(spec, metadata);
    this.workers.update(pod);
    return pod;
  }

  get status(): PodStatus | undefined {
    return this.workers.get('u1')?.status;
  }

  async restarts(count: number): Promise<void> {
    await this.clock.runUntil(() => this.status?.containerStatuses?.[0]?.restartCount === count, 3_600_000);
  }

  #workers(observer: Observer): PodWorkers {
    const { clock, runtime, host } = this;
    const api = this.#api();
    const prober = modelProber(runtime.streams);
    const paths = { root: '/k', logs: '/k/logs' };
    const none = { servers: [], searches: [], options: [] };
    const settings = {
      paths,
      cluster: { servers: ['10.96.0.10'], domain: 'cluster.local' },
      resolvConf: none,
      cgroupRoot: '/',
      memoryBytes: 2 ** 33,
    };
    const deps: WorkerDeps = {
      clock,
      runtime,
      host,
      api,
      observer,
      prober,
      log: silentLogger,
      images: new ImageManager(runtime.images, clock),
      objects: new ReferencedObjects({ api, clock, random: seededRandom(3), log: silentLogger }, this.stop.signal, (uids) =>
        this.workers.refresh(uids),
      ),
      tokens: new Tokens(api, clock, seededRandom(2)),
      reporter: new Reporter(api, clock, silentLogger, this.stop.signal),
      limiter: new Limiter(4),
      node: {
        settings,
        hostIPs: ['192.168.0.1'],
        hostsFile: '',
        allocatable: { milliCpu: 8000, memoryBytes: 2 ** 33, storageBytes: 2 ** 35 },
        services: () => [],
        networkProblem: () => undefined,
        runtimeHandler: async () => '',
        release: async () => undefined,
      },
      event: (_, __, reason, message) => void this.told.push(`${reason}: ${message}`),
    };
    const probes = new ProbeManager({
      clock,
      prober,
      changed: (uid) => workers.poke(uid),
      event: (_, __, ___, reason, message) => void this.told.push(`${reason}: ${message}`),
      count: () => undefined,
    });
    const workers: PodWorkers = new PodWorkers(deps, probes, (pod) => pod);
    void workers.run(this.stop.signal);
    runtime.events(this.stop.signal, (id) => {
      const uid = observer.ownerOf(id);
      if (uid) workers.changed(uid);
    });
    return workers;
  }

  #api(): Api {
    const patch = async (_: unknown, __: unknown, ___: unknown, body: unknown): Promise<unknown> => {
      Object.assign(this.shown, (body as Patch).status);
      return { metadata: {} };
    };
    const remove = async (_: unknown, key: { name: string }): Promise<unknown> => void this.deleted.push(key.name);
    return { patch, delete: remove } as unknown as Api;
  }
}

const crash: Partial<ModelOptions> = { behaviour: () => ({ exitAfterMs: 100, exitCode: 1 }) };

test('a pod comes up without waiting for a relist', async () => {
  const node = new TestNode();
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

test('a crashing container restarts at once, then after 10, 20, 40 seconds', async () => {
  const node = new TestNode(crash);
  const begun = node.clock.now();
  node.pod();
  const at: number[] = [];
  for (const count of [1, 2, 3, 4]) {
    await node.restarts(count);
    at.push(Math.round((node.clock.now() - begun) / 1000));
  }
  assert.deepEqual(at, [0, 10, 30, 70]);
  await node.clock.runUntil(() => node.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff');
  assert.equal(node.told.filter((line) => line.startsWith('BackOff')).length, 4);
  assert.ok((await node.runtime.containers.list()).length <= 2);
  node.stop.abort();
});

test('an image that cannot be pulled', async () => {
  const node = new TestNode({ images: [], registry: () => ({ ms: 50, error: 'no such image' }) });
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
  const node = new TestNode({ behaviour: () => ({ stopAfterMs: 3_000 }) });
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
  const node = new TestNode({ behaviour: () => ({ stopAfterMs: Number.POSITIVE_INFINITY }) });
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
  const node = new TestNode();
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
  const node = new TestNode();
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
  const node = new TestNode({ behaviour: () => ({ exec }) });
  const probe = { exec: { command: ['check'] }, periodSeconds: 10, failureThreshold: 3 };
  node.pod({ containers: [{ name: 'app', image: 'nginx:1', livenessProbe: probe, readinessProbe: probe }] });
  await node.clock.runUntil(() => node.status?.containerStatuses?.[0]?.ready === true);
  well = false;
  await node.restarts(1);
  assert.ok(node.told.includes('Unhealthy: Liveness probe failed: sick'));
  assert.ok(node.told.includes('Killing: Container app failed liveness probe, will be restarted'));
  node.stop.abort();
});

test('a pod no source names any more is taken down', async () => {
  const node = new TestNode();
  const pod = node.pod();
  await node.clock.settle();
  node.workers.remove(pod);
  await node.clock.advance(5_000);
  assert.deepEqual(await node.runtime.sandboxes.list(), []);
  node.stop.abort();
});

test('a dead sandbox is replaced, its address with it', async () => {
  const node = new TestNode();
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
  const node = new TestNode({ images: [], registry: () => ({ ms: 600_000 }) });
  const pod = node.pod();
  await node.clock.settle();
  node.workers.update({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'x', deletionGracePeriodSeconds: 30 } } as Pod);
  await node.clock.settle();
  assert.deepEqual(node.deleted, ['web']);
  node.stop.abort();
});

test('a list asked for before a sandbox was made does not lose it', async () => {
  const node = new TestNode();
  const relist = node.observer.relist();
  node.pod();
  await Promise.all([relist, node.clock.settle()]);
  assert.equal((await node.runtime.sandboxes.list()).length, 1);
  assert.equal(node.status?.phase, 'Running');
  node.stop.abort();
});
