import type { Clock } from '@keelson/base';
import { isPodReady } from '@keelson/machinery';
import {
  type Change,
  type ControllerDefinition,
  defineController,
  type Key,
  keyOf,
  mapped,
  type Outcome,
  type ReconcileContext,
  type Stores,
  self,
} from '@keelson/runtime';
import { Event, Lease, Node, Pod } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { conditionPatch } from '../../pod-conditions.ts';
import {
  deadlineOf,
  evictionDue,
  type Graces,
  type Heartbeat,
  lostConditions,
  monitorPeriod,
  nextHeartbeat,
  planTaints,
  readiness,
  staleLabels,
} from './plan.ts';
import { type EvictionOptions, evictionRateIn, zoneOf } from './zones.ts';

export const leaseNamespace = 'kube-node-lease';

/** The index of pods by the node they are on. */
export const onNode = 'nodeName';

export function nodeOf({ spec }: Pod): readonly string[] {
  return spec.nodeName ? [spec.nodeName] : [];
}

export type NodeLifecycleOptions = Graces & EvictionOptions;

/** Judges nodes by their signs of life, and taints them by their conditions. */
export function nodeLifecycleController(options: NodeLifecycleOptions, clock: Clock): ControllerDefinition {
  const controller = new NodeLifecycle(options, clock);
  return defineController({
    name: 'node_lifecycle_controller',
    reads: [Node, Lease, Pod],
    writes: [Node, 'nodes/status', 'pods/status', Event],
    triggers: [
      self(Node),
      mapped(Node, othersOf, { when: changesReadiness }),
      mapped(Lease, ({ metadata }) => (metadata.namespace === leaseNamespace ? [metadata.name ?? ''] : []), {
        when: ({ type }) => type !== 'deleted',
      }),
      { ...mapped(Pod, () => [], { when: () => false }), indexes: { [onNode]: nodeOf } },
    ],
    workers: 8,
    reconcile: (name, context) => controller.reconcile(name, context),
  });
}

class NodeLifecycle {
  readonly #options: NodeLifecycleOptions;
  readonly #clock: Clock;
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #readiness = new Map<string, string>();
  /** By zone. */
  readonly #nextEviction = new Map<string, number>();
  #cutOff = false;

  constructor(options: NodeLifecycleOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  async reconcile(name: string, context: ReconcileContext): Promise<Outcome> {
    const node = context.of(Node).get(name);
    if (!node) return this.#forget(name, context);
    this.#greet(node, context);
    const now = this.#clock.now();
    const heartbeat = nextHeartbeat(this.#heartbeats.get(name), node, context.of(Lease).get(`${leaseNamespace}/${name}`), now);
    this.#heartbeats.set(name, heartbeat);
    const left = deadlineOf(node, heartbeat, this.#options) - now;
    const conditions = left < 0 ? lostConditions(node, now) : undefined;
    const status = { ...node.status, conditions };
    const judged = conditions ? await context.api.update(Node, { ...node, status }, { subresource: 'status' }) : node;
    await this.#noteReadiness(judged, context);
    const labels = staleLabels(node);
    if (labels) await context.api.patch(Node, { name }, 'application/merge-patch+json', { metadata: { labels } });
    const retry = await this.#taint(judged, context);
    const waits = [left < 0 ? undefined : left + 1, retry].filter((wait) => wait !== undefined);
    return waits.length > 0 ? { again: Math.min(...waits) } : undefined;
  }

  #greet(node: Node, { events }: ReconcileContext): void {
    const { name = '' } = node.metadata;
    if (this.#heartbeats.has(name)) return;
    events.event(node, 'Normal', 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
  }

  #forget(name: string, { events }: ReconcileContext): Outcome {
    if (!this.#heartbeats.delete(name)) return undefined;
    this.#readiness.delete(name);
    const about = { apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name } };
    events.event(about, 'Normal', 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
    return undefined;
  }

  /** Pods of a node that stopped being ready are not ready either, whatever they last said. */
  async #noteReadiness(node: Node, context: ReconcileContext): Promise<void> {
    const { name = '' } = node.metadata;
    const ready = readiness(node);
    const before = this.#readiness.get(name);
    if (before === 'True' && ready !== 'True') {
      context.events.event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    }
    if (before !== ready && ready !== 'True') {
      const pods = context.of(Pod).byIndex(onNode, name).filter(isPodReady);
      await Promise.all(pods.map((pod) => this.#unready(pod, context)));
    }
    this.#readiness.set(name, ready);
  }

  async #unready(pod: Pod, { api, events }: ReconcileContext): Promise<void> {
    events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    const condition = conditionPatch(pod, { type: 'Ready', status: 'False' }, this.#clock.now());
    const { name = '', namespace, uid } = pod.metadata;
    const change = { metadata: { uid }, status: { conditions: [condition] } };
    try {
      await api.patch(Pod, { name, namespace }, 'application/strategic-merge-patch+json', change, { subresource: 'status' });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Milliseconds until a NoExecute taint that had to wait may be put on. */
  async #taint(node: Node, context: ReconcileContext): Promise<number | undefined> {
    const now = this.#clock.now();
    const zone = zoneOf(node);
    const rate = this.#rate(node, context.of(Node).list(), now);
    const wait = this.#untilEviction(node, rate, now);
    if (wait === 0) this.#nextEviction.set(zone, now + 1000 / rate);
    const eviction = this.#cutOff ? 'lift' : wait === 0 ? 'add' : 'keep';
    const taints = planTaints(node, eviction, now);
    if (taints) {
      const { name = '', resourceVersion } = node.metadata;
      const change = { metadata: { resourceVersion }, spec: { taints } };
      await context.api.patch(Node, { name }, 'application/merge-patch+json', change);
    }
    return wait === 0 ? undefined : wait;
  }

  /** Nodes of this one's zone that may be told to lose their pods, a second. With nobody ready nobody is, until some are back. */
  #rate(node: Node, nodes: readonly Node[], now: number): number {
    if (isReady(node) && !this.#cutOff) return this.#options.evictionRate;
    const zone = zoneOf(node);
    const rate = evictionRateIn(zone, nodes, this.#options);
    if (this.#cutOff && rate !== undefined) this.#restart(nodes, now + monitorPeriod);
    this.#cutOff = rate === undefined;
    return rate ?? 0;
  }

  /** Nodes have a moment to report before the first is judged again. */
  #restart(nodes: readonly Node[], at: number): void {
    for (const node of nodes) this.#nextEviction.set(zoneOf(node), at);
  }

  /** Milliseconds until the node's pods may be told to go; undefined when there is no reason to. */
  #untilEviction(node: Node, rate: number, now: number): number | undefined {
    const due = evictionDue(node);
    if (due === undefined || this.#cutOff) return undefined;
    // How disrupted its zone is changes with other nodes.
    if (rate <= 0) return monitorPeriod;
    return Math.max(0, due - now, (this.#nextEviction.get(zoneOf(node)) ?? 0) - now);
  }
}

function isReady(node: Node): boolean {
  return readiness(node) === 'True';
}

function changesReadiness(change: Change<Node>): boolean {
  return change.type === 'updated' && isReady(change.object) !== isReady(change.old);
}

/** All nodes, when the last ready one is lost or the first is back: what holds for the others changes. */
function othersOf(_node: Node, stores: Stores): readonly Key[] {
  const nodes = stores.of(Node).list();
  return nodes.filter(isReady).length <= 1 ? nodes.map(keyOf) : [];
}
