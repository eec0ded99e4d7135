import type { PodInfo } from '../cache/pod-info.ts';

/**
 * Pods without a node for which room is kept on one: eviction makes it, or somebody said so in `status.nominatedNodeName`. Others that come
 * after them fit there only if they fit beside them.
 */
export class Nominations {
  readonly #byPod = new Map<string, { readonly info: PodInfo; readonly node: string }>();

  /** Without a node the pod is nominated no longer. */
  set(info: PodInfo, node: string | undefined): void {
    if (node) this.#byPod.set(info.key, { info, node });
    else this.#byPod.delete(info.key);
  }

  delete(key: string): void {
    this.#byPod.delete(key);
  }

  nodeOf(key: string): string | undefined {
    return this.#byPod.get(key)?.node;
  }

  /** By node, pods that have their room before `info` has: those of its priority or a higher one. */
  ahead({ key, priority }: PodInfo): ReadonlyMap<string, readonly PodInfo[]> {
    const found = new Map<string, PodInfo[]>();
    for (const { info, node } of this.#byPod.values()) {
      if (info.key === key || info.priority < priority) continue;
      found.set(node, [...(found.get(node) ?? []), info]);
    }
    return found;
  }

  /** Pods nominated to a node that a pod of this priority comes before. */
  below(priority: number, node: string): readonly PodInfo[] {
    return [...this.#byPod.values()].filter((one) => one.node === node && one.info.priority < priority).map(({ info }) => info);
  }
}
