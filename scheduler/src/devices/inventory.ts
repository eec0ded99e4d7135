import type { Node, ResourceSlice } from '@keelson/types';
import { type NodePool, type Pool, poolOf, reaches } from './pools.ts';

/**
 * All slices of devices by pool, kept as they come and go. A change costs its pool, once somebody asks; a question about a node costs the
 * pools that name it or do not say where they are.
 */
export class Inventory {
  readonly #slices = new Map<string, Map<string, ResourceSlice>>();
  readonly #pools = new Map<string, Pool>();
  readonly #changed = new Set<string>();
  /** Pools by the nodes they name. */
  readonly #onNode = new Map<string, Set<string>>();
  /** Those with devices for nodes they do not name. */
  readonly #wide = new Set<string>();
  /** What was found for nodes as they are, until slices change. */
  #found = new WeakMap<Node, readonly NodePool[]>();

  set(slice: ResourceSlice): void {
    const id = idOf(slice);
    const slices = this.#slices.get(id) ?? new Map<string, ResourceSlice>();
    this.#slices.set(id, slices.set(slice.metadata.name ?? '', slice));
    this.#changed.add(id);
  }

  delete(slice: ResourceSlice): void {
    const id = idOf(slice);
    this.#slices.get(id)?.delete(slice.metadata.name ?? '');
    this.#changed.add(id);
  }

  /** The pools with devices for a node: those first that are ready at once, then by name. Slices of older generations are passed over. */
  at(node: Node): readonly NodePool[] {
    this.#refresh();
    const known = this.#found.get(node);
    if (known) return known;
    const ids = new Set([...(this.#onNode.get(node.metadata.name ?? '') ?? []), ...this.#wide]);
    const pools = [...ids].flatMap((id) => this.#at(id, node) ?? []);
    pools.sort((a, b) => mustWait(a) - mustWait(b) || (a.pool.id < b.pool.id ? -1 : 1));
    this.#found.set(node, pools);
    return pools;
  }

  #at(id: string, node: Node): NodePool | undefined {
    const pool = this.#pools.get(id);
    if (!pool) return undefined;
    const named = pool.byNode.get(node.metadata.name ?? '');
    const wide = pool.wide.filter(({ place }) => reaches(place, node));
    if (wide.length > 0) return { pool, here: [...(named ?? []), ...wide].sort((a, b) => a.index - b.index) };
    return named || pool.places.some((place) => reaches(place, node)) ? { pool, here: named ?? [] } : undefined;
  }

  #refresh(): void {
    if (this.#changed.size === 0) return;
    this.#found = new WeakMap();
    for (const id of this.#changed) {
      this.#forget(id);
      const slices = [...(this.#slices.get(id)?.values() ?? [])];
      if (slices.length === 0) this.#slices.delete(id);
      else this.#keep(poolOf(id, slices));
    }
    this.#changed.clear();
  }

  #forget(id: string): void {
    for (const name of this.#pools.get(id)?.byNode.keys() ?? []) {
      const pools = this.#onNode.get(name);
      pools?.delete(id);
      if (pools?.size === 0) this.#onNode.delete(name);
    }
    this.#wide.delete(id);
    this.#pools.delete(id);
  }

  #keep(pool: Pool): void {
    this.#pools.set(pool.id, pool);
    for (const name of pool.byNode.keys()) {
      const pools = this.#onNode.get(name) ?? new Set();
      this.#onNode.set(name, pools.add(pool.id));
    }
    if (pool.places.length + pool.wide.length > 0) this.#wide.add(pool.id);
  }
}

function idOf({ spec }: ResourceSlice): string {
  return `${spec.driver}/${spec.pool.name}`;
}

/** 1 where some device must be made ready before its pod is bound. */
function mustWait({ here }: NodePool): 0 | 1 {
  return here.some(({ device }) => device.bindingConditions?.length) ? 1 : 0;
}
