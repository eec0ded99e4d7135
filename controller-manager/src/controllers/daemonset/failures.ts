import { Backoff, type Clock } from '@keelson/base';
import type { Key } from '@keelson/runtime';
import type { DaemonSet } from '@keelson/types';

/** Milliseconds between one failed daemon of a node and the next: doubled each time, and started over after twice the longest. */
const delays = { initial: 1_000, max: 15 * 60_000, resetAfter: 30 * 60_000 };

interface OfSet {
  readonly generation: number;
  readonly backoff: Backoff;
  /** When the next one may be removed, by node. */
  readonly due: Map<string, number>;
}

/** When daemons that failed may be removed. Whoever made one fail, a kubelet that refuses it say, would make the next fail as fast. */
export class Failures {
  readonly #clock: Clock;
  readonly #sets = new Map<Key, OfSet>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until a failed daemon on `node` may be removed. 0: now, and the one after it later. A changed set starts over. */
  wait(key: Key, { metadata }: DaemonSet, node: string): number {
    const { backoff, due } = this.#of(key, metadata.generation ?? 0);
    const now = this.#clock.now();
    const left = (due.get(node) ?? now) - now;
    if (left > 0) return left;
    due.set(node, now + backoff.next(node));
    return 0;
  }

  /** When the key's set is gone. */
  forget(key: Key): void {
    this.#sets.delete(key);
  }

  #of(key: Key, generation: number): OfSet {
    const known = this.#sets.get(key);
    if (known?.generation === generation) return known;
    const fresh = { generation, backoff: new Backoff(delays, this.#clock), due: new Map<string, number>() };
    this.#sets.set(key, fresh);
    return fresh;
  }
}
