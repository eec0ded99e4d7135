import type { Clock } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { keyOf } from './keys.ts';
import { hasReached } from './resource-version.ts';
import type { Key, Store } from './types.ts';

const defaultTimeout = 5 * 60_000;

interface Wait {
  readonly until: number;
  readonly isOver: () => boolean;
}

/**
 * Keeps a controller from acting twice because its informer has not yet shown it what it just did. A key waits until the store has
 * seen every write noted for it, or five minutes; the event that ends the wait triggers the key again.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #waits = new Map<Key, Wait[]>();

  /** `timeout` in milliseconds. */
  constructor(clock: Clock, timeout = defaultTimeout) {
    this.#clock = clock;
    this.#timeout = timeout;
  }

  /** After a create or update: `written` is what the server answered. */
  written<T extends KubeObject>(key: Key, store: Store<T>, written: T): void {
    const wanted = written.metadata.resourceVersion;
    if (wanted === undefined) return;
    this.#add(key, () => store.resourceVersion !== undefined && hasReached(store.resourceVersion, wanted));
  }

  /** After a delete: over when the store no longer has the object, or has it marked for deletion. */
  deleted<T extends KubeObject & { metadata: { deletionTimestamp?: string | undefined } }>(key: Key, store: Store<T>, deleted: T): void {
    const objectKey = keyOf(deleted);
    const { uid } = deleted.metadata;
    this.#add(key, () => {
      const present = store.get(objectKey);
      return !present || present.metadata.uid !== uid || present.metadata.deletionTimestamp !== undefined;
    });
  }

  /** True when the store shows all that was noted for `key`. */
  satisfied(key: Key): boolean {
    const waits = this.#waits.get(key);
    if (!waits) return true;
    const now = this.#clock.now();
    const left = waits.filter((wait) => now < wait.until && !wait.isOver());
    if (left.length === 0) this.#waits.delete(key);
    else this.#waits.set(key, left);
    return left.length === 0;
  }

  /** When the key's object is gone. */
  forget(key: Key): void {
    this.#waits.delete(key);
  }

  #add(key: Key, isOver: () => boolean): void {
    const wait = { until: this.#clock.now() + this.#timeout, isOver };
    const waits = this.#waits.get(key);
    if (waits) waits.push(wait);
    else this.#waits.set(key, [wait]);
  }
}
