import type { Node, Pod } from '@keelson/types';
import type { ClusterEvent } from '../plugins/types.ts';
import { type PodInfo, podInfo } from './pod-info.ts';
import { asksLess, sameRequests } from './resources.ts';
import { NodeTable } from './table.ts';

/** A pod on a node, as the table counts it. */
interface Placed {
  readonly info: PodInfo;
  readonly node: string;
  /** Chosen by us, not seen bound yet. */
  readonly assumed: boolean;
}

/** The table kept in step with informers and with what was decided but not yet seen back. Each method tells what happened for the queue. */
export class SchedulerCache {
  readonly table: NodeTable;
  readonly #placed = new Map<string, Placed>();
  /** Pods seen bound to nodes not seen yet. */
  readonly #waiting = new Map<string, Set<string>>();

  constructor(namespaceLabels?: (name: string) => Readonly<Record<string, string>>) {
    this.table = new NodeTable(namespaceLabels);
  }

  setNode(node: Node): ClusterEvent[] {
    const name = node.metadata.name ?? '';
    const row = this.table.rowOf(name);
    const before = row === undefined ? undefined : this.table.nodes[row];
    if (before && sameForScheduling(before, node)) return [];
    this.table.setNode(node);
    if (before) return nodeEvents(before, node);
    for (const key of this.#waiting.get(name) ?? []) {
      const placed = this.#placed.get(key);
      if (placed) this.table.addPod(placed.info, name);
    }
    this.#waiting.delete(name);
    return [{ type: 'NodeAdd', node }];
  }

  removeNode(name: string): ClusterEvent[] {
    const row = this.table.rowOf(name);
    const node = row === undefined ? undefined : this.table.nodes[row];
    if (row === undefined || !node) return [];
    const keys = [...(this.table.pods[row]?.keys() ?? [])];
    this.table.removeNode(name);
    if (keys.length > 0) this.#waiting.set(name, new Set(keys));
    return [{ type: 'NodeDelete', node }];
  }

  /** A pod with a node, new or changed. */
  setPod(pod: Pod): ClusterEvent[] {
    const node = pod.spec?.nodeName ?? '';
    const info = podInfo(pod);
    const before = this.#placed.get(info.key);
    if (before && before.node === node && before.info.uid === info.uid && sameForOthers(before.info, info)) {
      const confirmed = before.assumed;
      if (confirmed) this.#placed.set(info.key, { ...before, assumed: false });
      return confirmed ? [{ type: 'AssignedPodAdd', pod: info }] : [];
    }
    if (before) this.#take(info.key);
    this.#put({ info, node, assumed: false });
    return before && !before.assumed ? podEvents(before.info, info) : [{ type: 'AssignedPodAdd', pod: info }];
  }

  removePod(key: string): ClusterEvent[] {
    const pod = this.#take(key);
    return pod ? [{ type: 'AssignedPodDelete', pod }] : [];
  }

  /** Counts a pod on the node chosen for it before the API server knows. */
  assume(info: PodInfo, node: string): void {
    this.#put({ info, node, assumed: true });
  }

  /** Takes an assumption back; what was seen bound stays. */
  forget(key: string): void {
    if (this.#placed.get(key)?.assumed) this.#take(key);
  }

  isAssumed(key: string): boolean {
    return this.#placed.get(key)?.assumed ?? false;
  }

  #put(placed: Placed): void {
    this.#placed.set(placed.info.key, placed);
    if (this.table.rowOf(placed.node) !== undefined) {
      this.table.addPod(placed.info, placed.node);
      return;
    }
    const waiting = this.#waiting.get(placed.node) ?? new Set();
    waiting.add(placed.info.key);
    this.#waiting.set(placed.node, waiting);
  }

  #take(key: string): PodInfo | undefined {
    const placed = this.#placed.get(key);
    if (!placed) return undefined;
    this.#placed.delete(key);
    const waiting = this.#waiting.get(placed.node);
    if (!waiting?.delete(key)) this.table.removePod(placed.info, placed.node);
    else if (waiting.size === 0) this.#waiting.delete(placed.node);
    return placed.info;
  }
}

/** Status heartbeats and the like change nothing here. */
function sameForScheduling(a: Node, b: Node): boolean {
  return (
    text(a.spec) === text(b.spec) &&
    text(a.metadata.labels) === text(b.metadata.labels) &&
    text(a.status?.allocatable) === text(b.status?.allocatable) &&
    text(a.status?.images) === text(b.status?.images)
  );
}

function nodeEvents(before: Node, after: Node): ClusterEvent[] {
  const changed = { node: after, before };
  const events: ClusterEvent[] = [];
  if (text(before.status?.allocatable) !== text(after.status?.allocatable)) events.push({ type: 'NodeAllocatable', ...changed });
  if (text(before.metadata.labels) !== text(after.metadata.labels)) events.push({ type: 'NodeLabel', ...changed });
  if (text(before.spec) !== text(after.spec)) events.push({ type: 'NodeTaint', ...changed });
  return events;
}

function podEvents(before: PodInfo, pod: PodInfo): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (text(before.labels) !== text(pod.labels)) events.push({ type: 'AssignedPodLabel', pod, before });
  if (asksLess(before, pod)) events.push({ type: 'AssignedPodScaleDown', pod, before });
  return events;
}

/** What other pods' scheduling looks at: requests, labels, and whether it is on its way out. */
function sameForOthers(a: PodInfo, b: PodInfo): boolean {
  return (
    text(a.labels) === text(b.labels) &&
    sameRequests(a.requests, b.requests) &&
    a.pod.metadata.deletionTimestamp === b.pod.metadata.deletionTimestamp
  );
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
