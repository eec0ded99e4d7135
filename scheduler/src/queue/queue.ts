import { type Clock, Heap, type Timer } from '@keelson/base';
import type { PodInfo } from '../cache/pod-info.ts';
import type { ClusterEvent, Plugin } from '../plugins/types.ts';

/** A pod that waits for a node. */
export interface Queued {
  info: PodInfo;
  /** When it last entered the queue, and when it first did; milliseconds. */
  queuedAt: number;
  readonly firstSeenAt: number;
  attempts: number;
  /** Plugins that refused it last time. */
  refusedBy: ReadonlySet<string>;
  backoffUntil: number;
}

/** Milliseconds: first back-off, longest back-off, and how long a pod nobody can place waits for an event before it is tried anyway. */
const initialBackoff = 1000;
const maxBackoff = 10_000;
const unschedulableTimeout = 300_000;
const flushPeriod = 30_000;

export type Place = 'active' | 'backoff' | 'unschedulable' | 'gated';

/**
 * Pods without a node. `active`: to be tried, highest priority first, then the longest waiting (PrioritySort). `backoff`: to be tried when
 * their delay has passed. `unschedulable`: until something happens that could help. `gated`: until their scheduling gates are gone
 * (SchedulingGates).
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #plugins: readonly Plugin[];
  readonly #active = new Heap<Queued>(keyOf, (a, b) =>
    a.info.priority === b.info.priority ? a.queuedAt < b.queuedAt : a.info.priority > b.info.priority,
  );
  readonly #backoff = new Heap<Queued>(keyOf, (a, b) => a.backoffUntil < b.backoffUntil);
  readonly #unschedulable = new Map<string, Queued>();
  readonly #gated = new Map<string, Queued>();
  readonly #onActive: () => void;
  #timer: Timer | undefined;
  #flushTimer: Timer | undefined;

  /** `onActive` is called whenever a pod becomes active. */
  constructor(clock: Clock, plugins: readonly Plugin[], onActive: () => void) {
    this.#clock = clock;
    this.#plugins = plugins;
    this.#onActive = onActive;
  }

  /** A pod seen for the first time, or changed while it waits. A change may help it: it is tried again if it lacked a node. */
  set(info: PodInfo): void {
    const known = this.#find(info.key);
    if (!known) {
      const now = this.#clock.now();
      this.#place({ info, queuedAt: now, firstSeenAt: now, attempts: 0, refusedBy: new Set(), backoffUntil: 0 });
      return;
    }
    const changed = known.info.pod.spec !== info.pod.spec || known.info.pod.metadata.labels !== info.pod.metadata.labels;
    const helps = changed && templateChanged(known.info, info);
    known.info = info;
    if (this.#active.get(info.key)) this.#active.set(known);
    else if (this.#gated.has(info.key) || (helps && this.#unschedulable.has(info.key))) {
      this.#gated.delete(info.key);
      this.#unschedulable.delete(info.key);
      this.#place(known);
    }
  }

  delete(key: string): void {
    this.#active.delete(key);
    this.#backoff.delete(key);
    this.#unschedulable.delete(key);
    this.#gated.delete(key);
  }

  pop(): Queued | undefined {
    const next = this.#active.pop();
    if (next) next.attempts++;
    return next;
  }

  /** Back after a cycle found no node: waits for an event, or for its time. */
  refuse(queued: Queued, refusedBy: ReadonlySet<string>): void {
    queued.refusedBy = refusedBy;
    queued.queuedAt = this.#clock.now();
    queued.backoffUntil = queued.queuedAt + backoffOf(queued.attempts);
    this.#unschedulable.set(queued.info.key, queued);
    this.#armFlush();
  }

  /** Back after something else went wrong: tried again after its back-off. */
  retry(queued: Queued): void {
    queued.refusedBy = new Set();
    queued.queuedAt = this.#clock.now();
    queued.backoffUntil = queued.queuedAt + backoffOf(queued.attempts);
    this.#place(queued);
  }

  /** Moves the pods that `event` may help, those whose refusing plugins wait for it. */
  happened(event: ClusterEvent): void {
    if (this.#unschedulable.size === 0) return;
    const concerned = new Set(this.#plugins.filter(({ requeueOn }) => requeueOn?.includes(event)).map(({ name }) => name));
    for (const [key, queued] of this.#unschedulable) {
      const refused = queued.refusedBy;
      if (refused.size > 0 && ![...refused].some((name) => concerned.has(name))) continue;
      this.#unschedulable.delete(key);
      this.#place(queued);
    }
  }

  size(place: Place): number {
    return { active: this.#active, backoff: this.#backoff, unschedulable: this.#unschedulable, gated: this.#gated }[place].size;
  }

  close(): void {
    this.#timer?.cancel();
    this.#flushTimer?.cancel();
  }

  #find(key: string): Queued | undefined {
    return this.#active.get(key) ?? this.#backoff.get(key) ?? this.#unschedulable.get(key) ?? this.#gated.get(key);
  }

  #place(queued: Queued): void {
    if ((queued.info.pod.spec?.schedulingGates ?? []).length > 0) {
      this.#gated.set(queued.info.key, queued);
    } else if (queued.backoffUntil > this.#clock.now()) {
      this.#backoff.set(queued);
      this.#arm();
    } else {
      this.#active.set(queued);
      this.#onActive();
    }
  }

  #arm(): void {
    this.#timer?.cancel();
    const next = this.#backoff.peek();
    if (next) this.#timer = this.#clock.after(Math.max(0, next.backoffUntil - this.#clock.now()), () => this.#release());
  }

  #release(): void {
    const now = this.#clock.now();
    for (let next = this.#backoff.peek(); next && next.backoffUntil <= now; next = this.#backoff.peek()) {
      this.#backoff.pop();
      this.#active.set(next);
    }
    this.#arm();
    this.#onActive();
  }

  #armFlush(): void {
    this.#flushTimer ??= this.#clock.after(flushPeriod, () => {
      this.#flushTimer = undefined;
      const now = this.#clock.now();
      for (const [key, queued] of this.#unschedulable) {
        if (now - queued.queuedAt < unschedulableTimeout) continue;
        this.#unschedulable.delete(key);
        this.#place(queued);
      }
      if (this.#unschedulable.size > 0) this.#armFlush();
    });
  }
}

function keyOf({ info }: Queued): string {
  return info.key;
}

function backoffOf(attempts: number): number {
  return Math.min(initialBackoff * 2 ** Math.max(0, attempts - 1), maxBackoff);
}

function templateChanged(before: PodInfo, after: PodInfo): boolean {
  const facts = ({ pod }: PodInfo): string => JSON.stringify([pod.spec, pod.metadata.labels]);
  return facts(before) !== facts(after);
}
