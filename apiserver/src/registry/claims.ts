interface Pending {
  readonly key: string;
  count: number;
}

/**
 * Values of which the cluster has only one each (cluster IPs, node ports), and the keys of the objects that hold them: those in the
 * cache, and those that are just being written. Two API servers over one etcd could hand out one value twice within the time a write
 * takes to reach the other's cache: that needs the IPAddress objects of a later issue.
 */
export class Claims {
  readonly #held = new Map<string, string>();
  readonly #pending = new Map<string, Pending>();

  /** The key of the object that holds a value or is about to. */
  holder(value: string): string | undefined {
    return this.#pending.get(value)?.key ?? this.#held.get(value);
  }

  /** Marks values as taken by a write under way. Returns how to let go of them, once the write is in the cache or has failed. */
  hold(values: readonly string[], key: string): () => void {
    for (const value of values) {
      const pending = this.#pending.get(value);
      if (pending) pending.count++;
      else this.#pending.set(value, { key, count: 1 });
    }
    return () => {
      for (const value of values) this.#letGo(value);
    };
  }

  /** The cache has a new version of an object. */
  changed(key: string, before: readonly string[], after: readonly string[]): void {
    for (const value of before) if (this.#held.get(value) === key) this.#held.delete(value);
    for (const value of after) this.#held.set(value, key);
  }

  #letGo(value: string): void {
    const pending = this.#pending.get(value);
    if (pending && --pending.count === 0) this.#pending.delete(value);
  }
}
