/**
 * Things that several owners may want, such as an address that two services share. The owner whose name comes first has its way, so that
 * the outcome does not depend on who came when.
 */
export class Claims<V> {
  readonly #claimed = new Map<string, Map<string, V>>();
  readonly #owned = new Map<string, Iterable<string>>();

  /** `owner` wants exactly these from now on. Returns all that it wanted before or wants now. */
  claim(owner: string, things: ReadonlyMap<string, V>): Set<string> {
    const touched = new Set(this.#owned.get(owner) ?? []);
    for (const id of touched) if (!things.has(id)) this.#release(id, owner);
    for (const [id, value] of things) {
      const claims = this.#claimed.get(id);
      if (claims) claims.set(owner, value);
      else this.#claimed.set(id, new Map([[owner, value]]));
      touched.add(id);
    }
    if (things.size > 0) this.#owned.set(owner, [...things.keys()]);
    else this.#owned.delete(owner);
    return touched;
  }

  has(id: string): boolean {
    return this.#claimed.has(id);
  }

  get(id: string): V | undefined {
    const claims = this.#claimed.get(id);
    if (!claims) return undefined;
    const [first] = claims.size > 1 ? [...claims.keys()].sort() : claims.keys();
    return first === undefined ? undefined : claims.get(first);
  }

  ids(): Iterable<string> {
    return this.#claimed.keys();
  }

  #release(id: string, owner: string): void {
    const claims = this.#claimed.get(id);
    claims?.delete(owner);
    if (claims?.size === 0) this.#claimed.delete(id);
  }
}
