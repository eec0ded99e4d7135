import { type Clock, Heap, type Timer } from '@keelson/base';
import { fieldInvalid, formatFieldErrors, path } from '@keelson/machinery';
import type { PodInfo } from '../cache/pod-info.ts';
import type { ClusterEvent, Hints, Plugin } from '../plugins/types.ts';
import { ownEvents } from './own-events.ts';

/** A pod that waits for a node. */
export interface Queued {
  info: PodInfo;
  /** When it last entered the queue, and when it first did; milliseconds. */
  queuedAt: number;
  readonly firstSeenAt: number;
  attempts: number;
  /** How often it fitted nowhere, and how often in a row something else went wrong: back-off grows with them. */
  refusals: number;
  errors: number;
  /** Plugins that refused it last time. */
  refusedBy: ReadonlySet<string>;
  backoffUntil: number;
}

/** How often it is looked after pods that have waited too long; milliseconds. */
const flushPeriod = 30_000;

/** Milliseconds: first and longest back-off, and how long a pod nobody can place waits for an event before it is tried anyway. */
export interface Delays {
  readonly initialBackoff: number;
  readonly maxBackoff: number;
  readonly unschedulable: number;
}

export const defaultDelays: Delays = { initialBackoff: 1000, maxBackoff: 10_000, unschedulable: 300_000 };

/** Seconds and milliseconds, as the options have them. */
interface DelayOptions {
  readonly 'pod-initial-backoff-seconds': number;
  readonly 'pod-max-backoff-seconds': number;
  readonly 'pod-max-in-unschedulable-pods-duration': number;
}

/** @throws Error in upstream's words for delays that make no sense */
export function delaysOf(options: DelayOptions): Delays {
  const [initial, max] = [options['pod-initial-backoff-seconds'], options['pod-max-backoff-seconds']];
  const wrong = [
    ...(initial <= 0 ? [fieldInvalid(path('podInitialBackoffSeconds'), initial, 'must be greater than 0')] : []),
    ...(max < initial
      ? [fieldInvalid(path('podMaxBackoffSeconds'), max, 'must be greater than or equal to PodInitialBackoffSeconds')]
      : []),
  ];
  if (wrong.length > 0) throw new Error(formatFieldErrors(wrong));
  const unschedulable = options['pod-max-in-unschedulable-pods-duration'];
  return { initialBackoff: initial * 1000, maxBackoff: max * 1000, unschedulable };
}

export interface QueueParts {
  readonly clock: Clock;
  /** Those that may refuse a pod. */
  readonly pluginsFor: (info: PodInfo) => readonly Plugin[];
  /** Called whenever there is a pod to try. */
  readonly onActive: () => void;
  /** The plugin that does not want the pod to be tried at all as things are, beside its own gates. */
  readonly heldBy?: (info: PodInfo) => string | undefined;
  readonly delays?: Delays | undefined;
}

export type Place = 'active' | 'backoff' | 'unschedulable' | 'gated';

/**
 * Pods without a node. `active`: to be tried, highest priority first, then the longest waiting (PrioritySort). `backoff`: to be tried when
 * their delay has passed, or when there is nothing else to try, unless it was an error that sent them there. `unschedulable`: until something
 * happens that could help. `gated`: until their scheduling gates are gone (SchedulingGates), or what else holds them is.
 */
export class SchedulingQueue {
  readonly #parts: QueueParts;
  readonly #delays: Delays;
  readonly #active = new Heap<Queued>(keyOf, (a, b) =>
    a.info.priority === b.info.priority ? a.queuedAt < b.queuedAt : a.info.priority > b.info.priority,
  );
  readonly #backoff = new Heap<Queued>(keyOf, sooner);
  readonly #afterError = new Heap<Queued>(keyOf, sooner);
  readonly #unschedulable = new Map<string, Queued>();
  readonly #gated = new Map<string, Queued>();
  #timer: Timer | undefined;
  #flushTimer: Timer | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#delays = parts.delays ?? defaultDelays;
  }

  /** A pod seen for the first time, or changed while it waits: it is tried again if the change is one that may help it. */
  set(info: PodInfo): void {
    const known = this.#find(info.key);
    if (!known) {
      const now = this.#parts.clock.now();
      const fresh = { attempts: 0, refusals: 0, errors: 0, refusedBy: new Set<string>(), backoffUntil: 0 };
      this.#place({ info, queuedAt: now, firstSeenAt: now, ...fresh });
      return;
    }
    const events = ownEvents(known.info, info);
    known.info = info;
    if (this.#active.get(info.key)) this.#active.set(known);
    else if (this.#gated.delete(info.key)) this.#place(known);
    else if (this.#unschedulable.has(info.key) && events.some((event) => this.#helps(known, event))) this.#again(known);
  }

  delete(key: string): void {
    for (const place of [this.#active, this.#backoff, this.#afterError, this.#unschedulable, this.#gated]) place.delete(key);
  }

  /** The next to be tried. When no pod is active, one that only waits for its back-off has its turn: nobody else loses by that. */
  pop(): Queued | undefined {
    const next = this.#active.pop() ?? this.#backoff.pop();
    if (next) next.attempts++;
    return next;
  }

  /** Back after a cycle found no node: waits for an event, or for its time. */
  refuse(queued: Queued, refusedBy: ReadonlySet<string>): void {
    queued.refusedBy = refusedBy;
    queued.refusals++;
    queued.errors = 0;
    this.#delay(queued, queued.refusals);
    this.#unschedulable.set(queued.info.key, queued);
    this.#armFlush();
  }

  /** Back after something else went wrong: tried again after its back-off. */
  retry(queued: Queued): void {
    queued.refusedBy = new Set();
    queued.errors++;
    this.#delay(queued, queued.errors);
    this.#place(queued, this.#afterError);
  }

  /** Moves the pods that `event` may help, those whose refusing plugins wait for it. */
  happened(event: ClusterEvent): void {
    for (const queued of this.#unschedulable.values()) if (this.#helps(queued, event)) this.#again(queued);
  }

  /** Tries a pod again whatever it was refused for. */
  activate(key: string): void {
    const queued = this.#unschedulable.get(key);
    if (queued) this.#again(queued);
  }

  /** Looks again at pods that were held, now that something of what held them is over. */
  recheck(): void {
    for (const [key, queued] of this.#gated) {
      if (this.#isHeld(queued)) continue;
      this.#gated.delete(key);
      this.#place(queued);
    }
  }

  size(place: Place): number {
    if (place === 'backoff') return this.#backoff.size + this.#afterError.size;
    return { active: this.#active, unschedulable: this.#unschedulable, gated: this.#gated }[place].size;
  }

  close(): void {
    this.#timer?.cancel();
    this.#flushTimer?.cancel();
  }

  #find(key: string): Queued | undefined {
    const inHeap = this.#active.get(key) ?? this.#backoff.get(key) ?? this.#afterError.get(key);
    return inHeap ?? this.#unschedulable.get(key) ?? this.#gated.get(key);
  }

  #helps({ info, refusedBy }: Queued, event: ClusterEvent): boolean {
    if (refusedBy.size === 0) return true;
    return this.#parts.pluginsFor(info).some(({ name, requeueOn }) => refusedBy.has(name) && mayHelp(requeueOn, info, event));
  }

  #again(queued: Queued): void {
    this.#unschedulable.delete(queued.info.key);
    this.#place(queued);
  }

  #isHeld({ info }: Queued): boolean {
    return (info.pod.spec?.schedulingGates ?? []).length > 0 || this.#parts.heldBy?.(info) !== undefined;
  }

  #place(queued: Queued, delayed = this.#backoff): void {
    if (this.#isHeld(queued)) this.#gated.set(queued.info.key, queued);
    else if (queued.backoffUntil > this.#parts.clock.now()) {
      delayed.set(queued);
      this.#arm();
      if (delayed === this.#backoff) this.#parts.onActive();
    } else {
      this.#active.set(queued);
      this.#parts.onActive();
    }
  }

  #delay(queued: Queued, times: number): void {
    queued.queuedAt = this.#parts.clock.now();
    queued.backoffUntil = queued.queuedAt + Math.min(this.#delays.initialBackoff * 2 ** (times - 1), this.#delays.maxBackoff);
  }

  #arm(): void {
    this.#timer?.cancel();
    const { clock } = this.#parts;
    const next = Math.min(...[this.#backoff, this.#afterError].flatMap((heap) => heap.peek()?.backoffUntil ?? []));
    if (Number.isFinite(next)) this.#timer = clock.after(Math.max(0, next - clock.now()), () => this.#release());
  }

  #release(): void {
    const now = this.#parts.clock.now();
    for (const heap of [this.#backoff, this.#afterError]) {
      for (let next = heap.peek(); next && next.backoffUntil <= now; next = heap.peek()) {
        heap.pop();
        this.#active.set(next);
      }
    }
    this.#arm();
    this.#parts.onActive();
  }

  #armFlush(): void {
    this.#flushTimer ??= this.#parts.clock.after(flushPeriod, () => {
      this.#flushTimer = undefined;
      const now = this.#parts.clock.now();
      for (const queued of this.#unschedulable.values()) if (now - queued.queuedAt >= this.#delays.unschedulable) this.#again(queued);
      if (this.#unschedulable.size > 0) this.#armFlush();
    });
  }
}

function mayHelp(hints: Hints | 'anything' | undefined, info: PodInfo, event: ClusterEvent): boolean {
  if (hints === 'anything') return true;
  // Each hint is for the event it stands under: the pair is right, whichever it is.
  const hint = hints?.[event.type] as ((info: PodInfo, event: ClusterEvent) => boolean) | undefined;
  return hint?.(info, event) ?? false;
}

function sooner(a: Queued, b: Queued): boolean {
  return a.backoffUntil < b.backoffUntil;
}

function keyOf({ info }: Queued): string {
  return info.key;
}
