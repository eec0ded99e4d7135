import { type Clock, seededRandom, silentLogger } from '@keelson/base';
import type { Api } from '@keelson/client';
import type { Node, Pod, PodStatus } from '@keelson/types';
import type { CgroupLimits } from '../config/resources.ts';
import { type ModelOptions, ModelRuntime } from '../cri/model/index.ts';
import type { PodDevices } from '../devices/types.ts';
import { ImageManager } from '../image/images.ts';
import { sysctlAllowlist } from '../pod/sysctls.ts';
import { testPod } from '../pod/testpod.ts';
import { ProbeManager } from '../probe/manager.ts';
import { modelProber } from '../probe/prober.ts';
import { ReferencedObjects } from '../source/objects.ts';
import { MemoryHost } from '../volume/memory.ts';
import { Tokens } from '../volume/tokens.ts';
import type { Cgroups } from './cgroups.ts';
import type { NodeView, WorkerDeps } from './deps.ts';
import { Limiter } from './limiter.ts';
import { Observer } from './observer.ts';
import { Reporter } from './reporter.ts';
import { PodWorkers } from './workers.ts';

type Patch = { status: PodStatus };

/** Cgroups that only remember what they were given, and use what a test says. */
class TestCgroups implements Cgroups {
  readonly limits = new Map<string, CgroupLimits>();
  readonly usage = new Map<string, number>();
  /** Every change, in order. */
  readonly log: string[] = [];

  async set(path: string, limits: CgroupLimits): Promise<void> {
    this.limits.set(path, limits);
    this.log.push(`${path} ${limits.cpuShares} ${limits.cpuQuota} ${limits.memoryLimit}`);
  }

  async memoryUsage(path: string): Promise<number | undefined> {
    return this.usage.get(path);
  }

  async processes(): Promise<number | undefined> {
    return undefined;
  }
}

/** For tests: one node on a model runtime; what it tells the API server is written down. */
export class TestNode<C extends Clock> {
  readonly clock: C;
  readonly told: string[] = [];
  /** The status as the patches add up to it. */
  shown: PodStatus = {};
  readonly deleted: string[] = [];
  readonly stop = new AbortController();
  readonly cgroups = new TestCgroups();
  readonly host = new MemoryHost();
  node = { metadata: { name: 'n1' }, status: { allocatable: { cpu: '8', memory: '8Gi', pods: '110' } } } as unknown as Node;
  pressures: readonly string[] = [];
  readonly runtime: ModelRuntime;
  readonly observer: Observer;
  readonly #devices: PodDevices | undefined;
  workers: PodWorkers;

  constructor(clock: C, options: Partial<ModelOptions> = {}, devices?: PodDevices) {
    this.clock = clock;
    this.#devices = devices;
    this.runtime = new ModelRuntime({ clock, random: seededRandom(1), podCidr: '10.0.0.0/24', ...options });
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

  #workers(observer: Observer): PodWorkers {
    const { clock, runtime } = this;
    const deps = this.#deps(observer);
    const probes = new ProbeManager({
      clock,
      prober: deps.prober,
      changed: (uid) => workers.poke(uid),
      event: (_, __, ___, reason, message) => void this.told.push(`${reason}: ${message}`),
      count: () => undefined,
    });
    const workers: PodWorkers = new PodWorkers(deps, probes, { shownBy: (pod) => pod, ended: () => undefined });
    void workers.run(this.stop.signal);
    runtime.events(this.stop.signal, (id) => {
      const uid = observer.ownerOf(id);
      if (uid) workers.changed(uid);
    });
    return workers;
  }

  #deps(observer: Observer): WorkerDeps {
    const { clock, runtime, host } = this;
    const api = this.#api();
    const following = { api, clock, random: seededRandom(3), log: silentLogger };
    return {
      clock,
      runtime,
      host,
      devices: this.#devices,
      api,
      observer,
      prober: modelProber(runtime.streams),
      log: silentLogger,
      images: new ImageManager(runtime.images, clock),
      objects: new ReferencedObjects(following, this.stop.signal, (uids) => this.workers.refresh(uids)),
      tokens: new Tokens(api, clock, seededRandom(2)),
      reporter: new Reporter(api, clock, silentLogger, this.stop.signal),
      limiter: new Limiter(4),
      node: this.#view(),
      event: (_, __, reason, message) => void this.told.push(`${reason}: ${message}`),
    };
  }

  #view(): NodeView {
    const none = { servers: [], searches: [], options: [] };
    return {
      settings: {
        paths: { root: '/k', logs: '/k/logs' },
        cluster: { servers: ['10.96.0.10'], domain: 'cluster.local' },
        resolvConf: none,
        cgroupRoot: '/',
        memoryBytes: 2 ** 33,
      },
      hostIPs: ['192.168.0.1'],
      hostsFile: '',
      cgroups: this.cgroups,
      allocatable: { milliCpu: 8000, memoryBytes: 2 ** 33, storageBytes: 2 ** 35 },
      services: () => [],
      object: () => this.node,
      admission: () => ({ node: this.node, pressures: this.pressures, sysctls: sysctlAllowlist([]), appArmor: false }),
      networkProblem: () => undefined,
      runtimeHandler: async () => '',
      release: async () => undefined,
    };
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
