import { type Clock, sleep } from '@keelson/base';
import { podLimits } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import type { ContainerStats } from '../cri/types.ts';
import { type Footprint, nothing } from '../footprint/types.ts';
import { isCritical } from '../pod/preemption.ts';
import type { Verdict } from '../pod/types.ts';
import type { PodRecord } from '../worker/record.ts';
import type { PodWorkers } from '../worker/workers.ts';
import { type Candidate, ranked } from './candidate.ts';
import { breach, limitsStorage } from './limits.ts';
import { starvationMessage } from './message.ts';
import { type NodeReclaim, reclaims } from './reclaim.ts';
import { type NodeResources, type Pressures, type StarvedResource, signalFacts } from './signals.ts';
import { calm, crossed, defaultThresholds, pressuresOf, type Threshold, type Watch, watch, withContainerfs } from './thresholds.ts';

/** When pods are evicted, and how. What is left out is upstream's default. */
export interface EvictionSettings {
  readonly thresholds?: readonly Threshold[];
  /** The most grace a pod gets when a soft threshold is crossed; 0: its own. Seconds. */
  readonly maxPodGraceSeconds?: number;
  /** How long a pressure stays reported after it has passed. Milliseconds. */
  readonly transitionMs?: number;
}

export interface Eviction {
  readonly pod: Pod;
  readonly signal: string;
  readonly message: string;
  /** Of its event. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface EvictionDeps {
  readonly clock: Clock;
  readonly workers: PodWorkers;
  readonly settings: EvictionSettings;
  readonly reclaim: NodeReclaim;
  measure(): Promise<NodeResources>;
  usage: {
    containers(): Promise<readonly ContainerStats[]>;
    footprint(record: PodRecord): Promise<Footprint>;
    processes(pod: Pod): Promise<number>;
  };
  isStatic(pod: Pod): boolean;
  tell: {
    /** The node's pressures changed. */
    pressures(): void;
    evicted(eviction: Eviction): void;
    reclaiming(resource: StarvedResource): void;
  };
}

const roundEvery = 10_000;
const cleanupTimeout = 30_000;
const cleanupPoll = 1_000;
const immediately = 1;
const unmeasured: Footprint = { logs: new Map(), volumes: [], rest: nothing };

/** Watches what the node has left and what pods take of its disk: pods above their own limits have to go, and one by one those it has no room for. */
export class EvictionManager {
  readonly #deps: EvictionDeps;
  #pressures: Pressures = { memory: false, disk: false, pid: false };
  #watch: Watch = calm;
  #thresholds: readonly Threshold[] | undefined;

  constructor(deps: EvictionDeps) {
    this.#deps = deps;
  }

  get pressures(): Pressures {
    return this.#pressures;
  }

  /** Looks every ten seconds, and again as soon as what was evicted has gone. */
  async run(signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
    const { clock } = this.#deps;
    while (!signal.aborted) {
      let evicted: readonly PodRecord[] = [];
      try {
        evicted = await this.#round();
      } catch (error) {
        onError(error);
      }
      await (evicted.length > 0 ? this.#cleanedUp(evicted, signal) : sleep(clock, roundEvery, signal)).catch(() => undefined);
    }
  }

  async #cleanedUp(evicted: readonly PodRecord[], signal: AbortSignal): Promise<void> {
    const { clock, workers } = this.#deps;
    const until = clock.now() + cleanupTimeout;
    const gone = (record: PodRecord): boolean =>
      workers.get(record.uid) !== record || (!record.volumesHeld && record.observed.containers.every(({ phase }) => phase !== 'running'));
    do await sleep(clock, cleanupPoll, signal);
    while (clock.now() < until && !evicted.every(gone));
  }

  async #round(): Promise<readonly PodRecord[]> {
    const node = await this.#deps.measure();
    this.#thresholds ??= withContainerfs(this.#deps.settings.thresholds ?? defaultThresholds, node.layout);
    const now = this.#deps.clock.now();
    this.#watch = watch(this.#watch, this.#thresholds, node, now);
    this.#note(pressuresOf(this.#watch, now, this.#deps.settings.transitionMs ?? 300_000));
    const breached = await this.#evictBreaching(node);
    return breached.length > 0 ? breached : this.#relieve(node, this.#watch.due);
  }

  #note(next: Pressures): void {
    const before = this.#pressures;
    this.#pressures = next;
    if (next.memory !== before.memory || next.disk !== before.disk || next.pid !== before.pid) this.#deps.tell.pressures();
  }

  /** Evicts every pod that exceeds a limit of its own. Only those that have one are measured. */
  async #evictBreaching({ layout }: NodeResources): Promise<readonly PodRecord[]> {
    const limited = this.#active().filter(({ pod }) => limitsStorage(pod));
    // What containers wrote only counts where containers are limited.
    const written = limited.some(({ pod }) => podLimits(pod)['ephemeral-storage'] !== undefined);
    const stats = written ? await this.#deps.usage.containers() : [];
    const evicted: PodRecord[] = [];
    const candidates = await Promise.all(limited.map((record) => this.#candidate(record, stats)));
    for (const [at, candidate] of candidates.entries()) {
      const record = limited[at];
      const found = record && breach(candidate, layout !== 'shared');
      if (found && this.#evict(record, { pod: record.pod, ...found }, { graceSeconds: immediately })) evicted.push(record);
    }
    return evicted;
  }

  /** Does something about the first threshold that is due: frees what no pod needs or, if that is not enough, evicts a pod. */
  async #relieve(node: NodeResources, due: readonly Threshold[]): Promise<readonly PodRecord[]> {
    const [threshold] = due;
    const resource = threshold && signalFacts(threshold.signal)?.resource;
    if (!threshold || !resource) return [];
    this.#deps.tell.reclaiming(resource);
    if (await this.#reclaimed(threshold, node)) return [];
    for (const candidate of ranked(await this.#candidates(resource), threshold.signal, resource, node.layout)) {
      const record = this.#deps.workers.get(candidate.pod.metadata?.uid ?? '');
      const told = starvationMessage(candidate, resource, due, node);
      const how = { ...this.#grace(threshold), disruption: told.message };
      if (record && this.#evict(record, { pod: candidate.pod, signal: threshold.signal, ...told }, how)) return [record];
    }
    return [];
  }

  /** Whether everything is well again without a pod having to go. */
  async #reclaimed({ signal }: Threshold, { layout }: NodeResources): Promise<boolean> {
    const { reclaim, measure } = this.#deps;
    const ways = reclaims(signal, layout);
    if (ways.length === 0) return false;
    for (const way of ways) await reclaim[way]();
    return crossed(this.#thresholds ?? [], await measure(), true).length === 0;
  }

  /** A soft threshold leaves a pod its own time to end, up to a bound. */
  #grace({ graceMs }: Threshold): Pick<Verdict, 'graceSeconds'> {
    const most = this.#deps.settings.maxPodGraceSeconds ?? 0;
    if (graceMs === 0) return { graceSeconds: immediately };
    return most === 0 ? {} : { graceSeconds: Math.max(most, immediately) };
  }

  #evict(record: PodRecord, eviction: Eviction, how: Pick<Verdict, 'graceSeconds' | 'disruption'>): boolean {
    const { isStatic, tell, workers } = this.#deps;
    if (record.verdict || isCritical(record.pod, isStatic(record.pod))) return false;
    const own = Number(record.pod.spec?.terminationGracePeriodSeconds ?? 30);
    const graceSeconds = how.graceSeconds === undefined ? own : Math.min(how.graceSeconds, own);
    record.verdict = { reason: 'Evicted', message: eviction.message, ...how, graceSeconds: Math.max(graceSeconds, immediately) };
    tell.evicted(eviction);
    workers.poke(record.uid);
    return true;
  }

  /** Pods that have not ended, nor are about to by the node's will. */
  #active(): readonly PodRecord[] {
    const final = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';
    return this.#deps.workers.all.filter((record) => !record.verdict && !record.removed && record.status && !final(record.status.phase));
  }

  async #candidates(resource: StarvedResource): Promise<readonly Candidate[]> {
    const stats = await this.#deps.usage.containers();
    const candidates = this.#active().map(async (record) => {
      const processes = resource === 'pids' ? await this.#deps.usage.processes(record.pod) : 0;
      const disk = resource === 'ephemeral-storage' || resource === 'inodes';
      return { ...(await this.#candidate(record, stats, disk)), processes };
    });
    return Promise.all(candidates);
  }

  async #candidate(record: PodRecord, stats: readonly ContainerStats[], disk = true): Promise<Candidate> {
    const { pod, observed } = record;
    const containers = stats.flatMap(({ id, memoryWorkingSetBytes, rootfs }) => {
      const running = observed.containers.find((each) => each.id === id && each.phase === 'running');
      return running ? [{ name: running.name, memoryBytes: memoryWorkingSetBytes, rootfs }] : [];
    });
    return { pod, containers, footprint: disk ? await this.#deps.usage.footprint(record) : unmeasured, processes: 0 };
  }
}
