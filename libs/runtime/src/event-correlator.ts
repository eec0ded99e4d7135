/** What an Event is about, as its `involvedObject`. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

/** Something to tell, before it is known whether it was told already. */
export interface Occurrence {
  readonly about: EventSubject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** An Event's life so far: the first time makes a new object, later ones change its count. Times in milliseconds. */
export interface Told {
  readonly message: string;
  readonly name: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** Of more different messages than this about one thing within ten minutes, the rest are told as one. */
const maxSimilar = 10;
const similarInterval = 600_000;

/** Events about one object that are let through at once, and the time that makes room for one more. */
const burst = 25;
const refill = 300_000;

/** Entries each memory holds; the least recently used goes first. */
const memory = 4096;

const combined = '(combined from similar events): ';

/**
 * Joins repeats of Events and drops floods, with the limits of client-go's correlator. Pure but for what it remembers: time is an
 * argument. One per source.
 */
export class EventCorrelator {
  readonly #similar = new Recent<{ messages: Set<string>; at: number }>(memory);
  readonly #told = new Recent<Told>(memory);
  readonly #tokens = new Recent<{ left: number; at: number }>(memory);
  readonly #offset: bigint;
  #lastStamp = 0n;

  /** `source` tells recorders apart: two of them that tell of one object in the same millisecond must not use the same name. */
  constructor(source = '') {
    const hash = [...source].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
    this.#offset = BigInt((hash >>> 0) % 1_000_000);
  }

  /** How to tell `occurrence` at `now`; undefined when its object has had too many. */
  correlate(occurrence: Occurrence, now: number): Told | undefined {
    const { message, key } = this.#aggregate(occurrence, now);
    const before = this.#told.get(key);
    const told: Told = before
      ? { ...before, message, count: before.count + 1, last: now }
      : { message, name: this.#nameOf(occurrence.about, now), count: 1, first: now, last: now };
    this.#told.set(key, told);
    return this.#hasRoom(subjectKey(occurrence.about), now) ? told : undefined;
  }

  #aggregate(occurrence: Occurrence, now: number): { message: string; key: string } {
    const { about, type, reason, message } = occurrence;
    const similarKey = joined(subjectKey(about), about.fieldPath, type, reason);
    const known = this.#similar.get(similarKey);
    const similar = known && now - known.at <= similarInterval ? known : { messages: new Set<string>(), at: now };
    similar.messages.add(message);
    similar.at = now;
    this.#similar.set(similarKey, similar);
    if (similar.messages.size < maxSimilar) return { message, key: joined(similarKey, message) };
    // Only how many there were matters from here on: forget one, so that the set stays small.
    const [oldest = ''] = similar.messages;
    similar.messages.delete(oldest);
    return { message: combined + message, key: similarKey };
  }

  /** `<object>.<nanoseconds in hexadecimal>`; never the same twice, even when the clock stands. */
  #nameOf(about: EventSubject, now: number): string {
    const stamp = BigInt(Math.trunc(now)) * 1_000_000n + this.#offset;
    this.#lastStamp = stamp > this.#lastStamp ? stamp : this.#lastStamp + 1n;
    return `${about.name}.${this.#lastStamp.toString(16)}`;
  }

  #hasRoom(key: string, now: number): boolean {
    const known = this.#tokens.get(key) ?? { left: burst, at: now };
    const left = Math.min(burst, known.left + (now - known.at) / refill);
    this.#tokens.set(key, { left: left >= 1 ? left - 1 : left, at: now });
    return left >= 1;
  }
}

/** A map that forgets what was longest not used. */
class Recent<T> {
  readonly #entries = new Map<string, T>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#most) return;
    const [oldest = ''] = this.#entries.keys();
    this.#entries.delete(oldest);
  }
}

function subjectKey(about: EventSubject): string {
  return joined(about.kind, about.namespace, about.name, about.uid, about.apiVersion);
}

function joined(...parts: readonly (string | undefined)[]): string {
  return parts.join('\u0000');
}
