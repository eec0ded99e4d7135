import { errorMessage, every, timestamp } from '@keelson/base';
import type { Informer } from '@keelson/runtime';
import { Node, type Pod, RuntimeClass, Service } from '@keelson/types';
import type { NodeSettings } from './config/sandbox.ts';
import type { PodIdentity, RuntimeInfo } from './cri/types.ts';
import type { KubeletDeps } from './deps.ts';
import { EvictionManager } from './eviction/manager.ts';
import { evictionOf } from './eviction/node.ts';
import { ImageCollector } from './image/collector.ts';
import { ImageManager } from './image/images.ts';
import { followNeighbours } from './network/index.ts';
import { boundPods } from './node/enforcement.ts';
import { keepLease } from './node/lease.ts';
import { allocatable, type NodeView, nodeObject } from './node/object.ts';
import { Registration } from './node/registration.ts';
import { isStatic } from './pod/annotations.ts';
import { podUid } from './pod/naming.ts';
import { sysctlAllowlist } from './pod/sysctls.ts';
import { ProbeManager } from './probe/manager.ts';
import { ApiSource } from './source/api.ts';
import { syncMirrors } from './source/mirrors.ts';
import { ReferencedObjects } from './source/objects.ts';
import { StaticSource } from './source/static.ts';
import { Tokens } from './volume/tokens.ts';
import { noCgroups } from './worker/cgroups.ts';
import type { WorkerDeps } from './worker/deps.ts';
import { withLastWords } from './worker/lastwords.ts';
import { Limiter } from './worker/limiter.ts';
import { Observer } from './worker/observer.ts';
import { Reporter } from './worker/reporter.ts';
import { PodWorkers } from './worker/workers.ts';

export interface Kubelet {
  readonly workers: PodWorkers;
  readonly source: ApiSource;
  readonly registration: Registration;
  /** When the node's containers were last listed, in milliseconds. */
  readonly relistedAt: number;
  /** The pods that have not ended; undefined while a source has not told of its pods yet. */
  readonly active: readonly Pod[] | undefined;
  /** Registers the node and runs its pods until aborted; pods keep running afterwards. */
  run(signal: AbortSignal): Promise<void>;
}

const relistEvery = 1_000;
const volumesEvery = 60_000;
const imagesEvery = 300_000;
const sweepEvery = 120_000;

/** Puts a kubelet together. Nothing happens before `run`. */
export function createKubelet(deps: KubeletDeps): Kubelet {
  return new NodeAgent(deps);
}

class NodeAgent implements Kubelet {
  readonly workers: PodWorkers;
  readonly source: ApiSource;
  readonly registration: Registration;
  readonly #deps: KubeletDeps;
  readonly #observer: Observer;
  readonly #worker: WorkerDeps;
  readonly #probes: ProbeManager;
  readonly #static: StaticSource | undefined;
  readonly #nodes: Informer<Node>;
  readonly #eviction: EvictionManager;
  readonly #collector: ImageCollector;
  readonly #stop = new AbortController();
  #hearsServer = false;
  #runtimeInfo: RuntimeInfo | undefined;
  #networkProblem: string | undefined;
  #relistedAt: number;
  #podCIDR = '';

  constructor(deps: KubeletDeps) {
    const { config, clock, api, informers, runtime, host, log } = deps;
    this.#deps = deps;
    this.#relistedAt = clock.now();
    this.#networkProblem = deps.network ? 'cni plugin not initialized' : undefined;
    this.source = new ApiSource(informers, config.node.name);
    this.#nodes = informers.for(Node, { fieldSelector: `metadata.name=${config.node.name}` });
    this.#static = config.manifests ? new StaticSource(config.manifests, config.node.name, clock, log) : undefined;
    this.#observer = new Observer(runtime, (container) => withLastWords(host, config.paths, container));
    this.#worker = {
      clock,
      log,
      api,
      runtime,
      host,
      drivers: deps.drivers,
      devices: deps.devices,
      observer: this.#observer,
      images: new ImageManager(runtime.images, clock),
      objects: new ReferencedObjects({ api, clock, random: deps.random, log }, this.#stop.signal, (uids) => this.workers.refresh(uids)),
      tokens: new Tokens(api, clock, deps.random),
      prober: deps.prober,
      reporter: new Reporter(api, clock, log, this.#stop.signal),
      limiter: new Limiter(config.parallel),
      node: this.#nodeView(),
      event: (pod, type, reason, message, container) => this.#event(pod, type, reason, message, container),
    };
    this.#probes = new ProbeManager(this.#probeDeps());
    this.workers = new PodWorkers(this.#worker, this.#probes, {
      shownBy: (pod) => this.source.shownBy(pod),
      ended: (pod, status) => this.#static?.ended(pod, status),
    });
    this.#collector = new ImageCollector(runtime.images, clock, () => this.workers.all);
    this.#eviction = new EvictionManager(
      evictionOf(deps, {
        workers: this.workers,
        images: this.#collector,
        pressures: () => this.registration.poke(),
        event: (pod, message) => this.#event(pod, 'Warning', 'Evicted', message),
      }),
    );
    this.registration = new Registration(api, clock, log, () => this.#view());
  }

  get active(): readonly Pod[] | undefined {
    return this.#knowsAll() ? this.workers.active : undefined;
  }

  get relistedAt(): number {
    return this.#relistedAt;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { api, clock, config, informers, log, network, random, runtime } = this.#deps;
    signal.addEventListener('abort', () => this.#stop.abort(signal.reason), { once: true });
    const complain = (what: string) => (error: unknown) => log.warn(what, { error: errorMessage(error) });
    const services = informers.for(Service);
    const bounded = boundPods(this.#deps, signal);
    await this.#setUpNetwork(config.node.podCIDR ? config.node.podCIDR.split(',') : []);
    const synced = informers.start(signal);
    const registered = this.registration.register(signal);
    await this.#relist().catch(complain('cannot list containers'));
    this.#nodes.onChange(({ object, type }) => {
      if (type !== 'deleted') void this.#setUpNetwork(object.spec?.podCIDRs ?? []);
    });
    if (network) followNeighbours({ api, clock, random, log, connect: (nodes) => network.connect(nodes) }, signal);
    runtime.events(signal, (sandboxId) => this.#changed(sandboxId));
    // Static pods wait for nobody: they may be what the API server is made of.
    const loops = [
      this.#static?.run(this.workers, () => void this.#mirrors(), signal),
      keepLease(api, clock, config.node.name, () => this.registration.node?.metadata?.uid, signal, complain('cannot renew node lease')),
      ...this.#upkeep(signal, complain),
      bounded,
    ];
    await Promise.race([Promise.all([synced, services.synced]), aborted(signal)]);
    this.source.start(this.workers, () => void this.#mirrors());
    this.#hearsServer = true;
    await registered;
    void this.#mirrors();
    await Promise.all([...loops, this.registration.run(signal)]);
    this.#probes.close();
  }

  /** What goes on for as long as the kubelet runs, whether or not it hears of the API server. */
  #upkeep(signal: AbortSignal, complain: (what: string) => (error: unknown) => void): readonly Promise<unknown>[] {
    const { clock } = this.#deps;
    const uids = (): string[] => this.workers.all.map(({ uid }) => uid);
    const sweep = async (): Promise<void> => {
      if (this.#knowsAll()) await this.#deps.sweep?.(new Set(uids()));
    };
    return [
      this.workers.run(signal),
      every(clock, relistEvery, signal, () => this.#relist(), complain('cannot list containers')),
      every(clock, volumesEvery, signal, () => this.workers.refresh(uids()), complain('cannot refresh volumes')),
      every(clock, sweepEvery, signal, sweep, complain('cannot remove what is left of pods')),
      every(clock, imagesEvery, signal, () => this.#collectImages(), complain('cannot remove unused images')),
      this.#eviction.run(signal, complain('cannot measure the node')),
    ];
  }

  async #relist(): Promise<void> {
    const stop = this.#deps.metrics?.relistSeconds.startTimer();
    const changed = await this.#observer.relist();
    stop?.();
    this.#relistedAt = this.#deps.clock.now();
    for (const uid of changed) this.workers.changed(uid);
    this.#endOrphans();
  }

  /** Whether every source has spoken. */
  #knowsAll(): boolean {
    return this.#hearsServer && this.#static?.hasRead !== false;
  }

  /** What runs of pods that no source names is ended. */
  #endOrphans(): void {
    if (!this.#knowsAll()) return;
    for (const identity of this.#observer.pods) {
      if (!this.workers.get(identity.uid) && identity.uid !== '') this.workers.remove(orphan(identity));
    }
  }

  #changed(id: string): void {
    const uid = this.#observer.ownerOf(id);
    if (uid) this.workers.changed(uid);
  }

  async #mirrors(): Promise<void> {
    const { api, config, log } = this.#deps;
    const node = this.registration.node?.metadata?.uid;
    // A mirror belongs to its Node, so there is none before the Node is known.
    if (node === undefined) return;
    await syncMirrors(api, this.source, this.#static ?? { pods: [], ending: [] }, config.node.name, node).catch((error: unknown) =>
      log.warn('cannot sync mirror pods', { error: errorMessage(error) }),
    );
    for (const pod of this.#static?.pods ?? []) this.workers.poke(podUid(pod));
  }

  async #collectImages(): Promise<void> {
    const node = await this.#deps.measure?.();
    if (node) await this.#collector.collect({ capacityBytes: node.imagefs.total, availableBytes: node.imagefs.available });
  }

  async #setUpNetwork(podCIDRs: readonly string[]): Promise<void> {
    const { network, log } = this.#deps;
    const ranges = podCIDRs.join(',');
    if (!network || ranges === '' || ranges === this.#podCIDR) return;
    this.#podCIDR = ranges;
    try {
      await network.setUp(podCIDRs);
      this.#networkProblem = undefined;
    } catch (error) {
      this.#podCIDR = '';
      this.#networkProblem = errorMessage(error);
      log.error('cannot set up the pod network', { error: this.#networkProblem });
    }
    this.registration.poke();
  }

  async #view(): Promise<NodeView> {
    const { config, devices, drivers, machine, runtime } = this.#deps;
    const before = this.#networkDown();
    this.#runtimeInfo = await runtime.info().catch(() => undefined);
    if (before !== undefined && this.#networkDown() === undefined) this.workers.retry('/sandbox');
    const images = await runtime.images.list().catch(() => []);
    const { memory, disk, pid } = this.#eviction.pressures;
    const health = {
      runtime: this.#runtimeInfo,
      networkProblem: this.#networkProblem,
      memoryPressure: memory,
      diskPressure: disk,
      pidPressure: pid,
    };
    const volumesInUse = (await drivers?.inUse().catch(() => undefined)) ?? [];
    const thresholds = config.eviction.thresholds;
    return {
      identity: config.node,
      machine,
      health,
      images,
      thresholds,
      volumesInUse,
      devices: devices?.amounts() ?? new Map(),
      isNew: devices?.isNew ?? false,
    };
  }

  /** The conditions of the node that keep pods away. */
  #pressures(): readonly string[] {
    const { memory, disk, pid } = this.#eviction.pressures;
    return [...(disk ? ['DiskPressure'] : []), ...(memory ? ['MemoryPressure'] : []), ...(pid ? ['PIDPressure'] : [])];
  }

  #networkDown(): string | undefined {
    return this.#networkProblem ?? (this.#runtimeInfo && !this.#runtimeInfo.networkReady ? this.#runtimeInfo.message : undefined);
  }

  #nodeView(): WorkerDeps['node'] {
    const { api, clock, config, informers, machine, release } = this.#deps;
    const { paths, cluster, resolvConf, cgroupRoot } = config;
    const { thresholds } = config.eviction;
    const settings: NodeSettings = { paths, cluster, resolvConf, cgroupRoot, memoryBytes: machine.memoryBytes };
    const services = informers.for(Service);
    const sysctls = sysctlAllowlist(config.unsafeSysctls ?? []);
    // What it watches of itself is newer than what it last wrote.
    const object = (): Node | undefined => this.#nodes.store.get(config.node.name) ?? this.registration.node;
    // Static pods do not wait for an API server: they may be what it is made of.
    const unseen = (): Node => {
      const health = { runtime: undefined, networkProblem: undefined, memoryPressure: false, diskPressure: false, pidPressure: false };
      return nodeObject({ identity: config.node, machine, health, images: [], thresholds }, timestamp(clock));
    };
    return {
      settings,
      hostIPs: config.node.ips,
      hostsFile: config.hostsFile,
      allocatable: allocatable(machine, config.node.reserved, thresholds),
      cgroups: this.#deps.cgroups ?? noCgroups,
      services: () => services.store.list(),
      object,
      admission: () => ({ node: object() ?? unseen(), pressures: this.#pressures(), sysctls, appArmor: machine.appArmor }),
      networkProblem: () => this.#networkDown(),
      runtimeHandler: async (name) => (name === '' ? '' : (await api.get(RuntimeClass, { name })).handler),
      release: async (pod) => release?.(pod),
    };
  }

  #probeDeps(): ConstructorParameters<typeof ProbeManager>[0] {
    return {
      clock: this.#deps.clock,
      prober: this.#deps.prober,
      changed: (uid) => this.workers.poke(uid),
      event: (uid, container, type, reason, message) => {
        const record = this.workers.get(uid);
        if (record) this.#event(record.pod, type, reason, message, container);
      },
      count: (uid, container, type, outcome) => {
        const record = this.workers.get(uid);
        if (record) this.#deps.metrics?.countProbe(record.pod, container, type, outcome);
      },
    };
  }

  #event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    const about = isStatic(pod) ? (this.source.shownBy(pod) ?? pod) : pod;
    this.#deps.events.event(
      { ...about, apiVersion: 'v1', kind: 'Pod', metadata: about.metadata ?? {} },
      type,
      reason,
      message,
      container ? { fieldPath: fieldPath(pod, container) } : {},
    );
  }
}

/** Enough of a pod to take down what runs of it. */
function orphan({ name, namespace, uid }: PodIdentity): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid },
    spec: { containers: [] },
  } as unknown as Pod;
}

function fieldPath(pod: Pod, container: string): string {
  const list = pod.spec?.initContainers?.some(({ name }) => name === container)
    ? 'initContainers'
    : pod.spec?.ephemeralContainers?.some(({ name }) => name === container)
      ? 'ephemeralContainers'
      : 'containers';
  return `spec.${list}{${container}}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
