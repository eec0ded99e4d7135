import { type Clock, every } from '@keelson/base';
import { bytes } from '../config/quantity.ts';
import type { ContainerStats } from '../cri/types.ts';
import { podSpec } from '../pod/containers.ts';
import type { PodWorkers } from '../worker/workers.ts';
import {
  type Candidate,
  chooseVictim,
  crossed,
  evictionMessage,
  type NodeResources,
  type Pressures,
  pressuresOf,
  type Thresholds,
} from './decide.ts';

export interface EvictionDeps {
  readonly clock: Clock;
  readonly workers: PodWorkers;
  readonly thresholds: Thresholds;
  measure(): Promise<NodeResources>;
  stats(): Promise<readonly ContainerStats[]>;
  /** The node's pressures changed. */
  changed(): void;
  event(candidate: Candidate, message: string): void;
}

/** A pressure stays reported this long after it has passed, as `evictionPressureTransitionPeriod`. */
const calmAfter = 300_000;

/** Watches what the node has left; below a threshold, one pod a round has to go. */
export class EvictionManager {
  readonly #deps: EvictionDeps;
  #pressures: Pressures = { memory: false, disk: false, pid: false };
  readonly #lastPressed = new Map<keyof Pressures, number>();

  constructor(deps: EvictionDeps) {
    this.#deps = deps;
  }

  get pressures(): Pressures {
    return this.#pressures;
  }

  run(signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
    return every(this.#deps.clock, 10_000, signal, () => this.#round(), onError);
  }

  async #round(): Promise<void> {
    const below = crossed(await this.#deps.measure(), this.#deps.thresholds);
    this.#note(pressuresOf(below));
    const [signal] = below;
    const busy = this.#deps.workers.all.some((record) => record.verdict && record.observed.containers.some((c) => c.phase === 'running'));
    if (signal === undefined || busy) return;
    const victim = chooseVictim(await this.#candidates());
    const record = victim && this.#deps.workers.get(victim.pod.metadata?.uid ?? '');
    if (!victim || !record) return;
    const message = evictionMessage(signal);
    record.verdict = { reason: 'Evicted', message, graceSeconds: 0, disruption: message };
    this.#deps.event(victim, message);
    this.#deps.workers.poke(record.uid);
  }

  #note(now: Pressures): void {
    const at = this.#deps.clock.now();
    const held = (kind: keyof Pressures): boolean => {
      if (now[kind]) this.#lastPressed.set(kind, at);
      return at - (this.#lastPressed.get(kind) ?? Number.NEGATIVE_INFINITY) < calmAfter;
    };
    const next = { memory: held('memory'), disk: held('disk'), pid: held('pid') };
    const same = next.memory === this.#pressures.memory && next.disk === this.#pressures.disk && next.pid === this.#pressures.pid;
    this.#pressures = next;
    if (!same) this.#deps.changed();
  }

  async #candidates(): Promise<Candidate[]> {
    const stats = await this.#deps.stats();
    return this.#deps.workers.all
      .filter((record) => !record.verdict && !record.removed && record.status?.phase === 'Running')
      .map((record) => {
        const sandboxes = new Set(record.observed.sandboxes.map((sandbox) => sandbox.id));
        const own = stats.filter((each) => sandboxes.has(each.sandboxId));
        const requests = (podSpec(record.pod).containers ?? []).map((c) => c.resources?.requests?.memory);
        return {
          pod: record.pod,
          memoryBytes: own.reduce((sum, each) => sum + each.memoryWorkingSetBytes, 0),
          memoryRequest: requests.reduce<number>((sum, each) => sum + (each === undefined ? 0 : bytes(each)), 0),
        };
      });
  }
}
