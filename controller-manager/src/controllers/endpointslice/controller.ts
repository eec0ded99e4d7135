import { type Clock, errorMessage } from '@keelson/base';
import { equal } from '@keelson/machinery';
import {
  type Change,
  type ControllerDefinition,
  defineController,
  Expectations,
  type Key,
  keyOf,
  mapped,
  type Outcome,
  type ReconcileContext,
  type Stores,
  self,
} from '@keelson/runtime';
import { EndpointSlice, Event, Node, Pod, Service } from '@keelson/types';
import { isGone, isNamespaceEnding } from '../../api-errors.ts';
import { Pace } from '../../pace.ts';
import { podsOf, servicesOfPods } from '../../service-pods.ts';
import { isSpread, type Spreading } from './hints.ts';
import { managedByLabel, manager, type Plan, planSlices, serviceNameLabel } from './plan.ts';
import { zoneShare } from './zones.ts';

const byService = 'service';

/** The longest time, in milliseconds, for which changes of a large Service's pods are put together. */
const longestRest = 100;

/** Lists the addresses behind each Service that selects pods. */
export function endpointSliceController(workers: number, max: number, clock: Clock): ControllerDefinition {
  const controller = new Slices(clock, max);
  return defineController({
    name: 'endpoint_slice',
    reads: [Service, Pod, Node, EndpointSlice],
    writes: [EndpointSlice, Event],
    triggers: [
      self(Service),
      servicesOfPods,
      mapped(EndpointSlice, serviceOf, { indexes: { [byService]: serviceOf } }),
      mapped(Node, spreadServices, { when: changesZones }),
    ],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

/** The Service whose slice this controller keeps. */
function serviceOf({ metadata }: EndpointSlice): readonly Key[] {
  const name = metadata.labels?.[serviceNameLabel];
  return name && metadata.labels?.[managedByLabel] === manager ? [`${metadata.namespace}/${name}`] : [];
}

/** Services whose endpoints are shared out by what the nodes of each zone can do. */
function spreadServices(_node: Node, stores: Stores): readonly Key[] {
  return stores.of(Service).list().filter(isSpread).map(keyOf);
}

function changesZones(change: Change<Node>): boolean {
  return !equal(zoneShare(change.object), change.type === 'updated' ? zoneShare(change.old) : undefined);
}

class Slices {
  /** What was last said of each Service that asks for spreading, by its key and the type of addresses. */
  readonly #said = new Map<string, string>();
  readonly #expectations: Expectations;
  readonly #pace: Pace;
  readonly #max: number;

  constructor(clock: Clock, max: number) {
    this.#expectations = new Expectations(clock);
    this.#pace = new Pace(clock, longestRest);
    this.#max = max;
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const service = context.of(Service).get(key);
    if (!service) {
      this.#expectations.forget(key);
      this.#pace.forget(key);
      for (const addressType of ['IPv4', 'IPv6']) this.#said.delete(`${key}/${addressType}`);
      return undefined;
    }
    if (!service.spec.selector || service.metadata.deletionTimestamp || !this.#expectations.satisfied(key)) return undefined;
    const wait = this.#pace.wait(key);
    if (wait > 0) return { again: wait };
    const slices = context
      .of(EndpointSlice)
      .byIndex(byService, key)
      .filter(({ metadata }) => !metadata.deletionTimestamp);
    const nodes = context.of(Node);
    const pods = podsOf(service, context);
    const plan = planSlices({ service, pods, slices, nodeOf: (name) => nodes.get(name), nodes: () => nodes.list(), max: this.#max });
    const results = await carryOut(plan, context);
    this.#pace.worked(key, pods.length);
    this.#expect(key, results, plan.remove, context);
    this.#tell(service, plan.spreadings, context);
    const failed = results.find((result) => result.status === 'rejected' && !isNamespaceEnding(result.reason));
    const error = failed?.status === 'rejected' ? failed.reason : lostPod(key, plan);
    if (!error) return undefined;
    context.events.event(
      service,
      'Warning',
      'FailedToUpdateEndpointSlices',
      `Error updating Endpoint Slices for Service ${key}: ${errorMessage(error)}`,
    );
    throw error;
  }

  /** Upstream says it at every turn; we say what has become different. */
  #tell(service: Service, spreadings: readonly Spreading[], { events }: ReconcileContext): void {
    for (const addressType of ['IPv4', 'IPv6']) {
      const id = `${keyOf(service)}/${addressType}`;
      const spreading = spreadings.find((one) => one.addressType === addressType);
      const before = this.#said.get(id);
      const now = spreading && (spreading.fault ?? 'Topology Aware Hints has been enabled');
      if (now === before) continue;
      if (now) this.#said.set(id, now);
      else this.#said.delete(id);
      const enabled = spreading && !spreading.fault;
      const message = `${now ?? 'Topology Aware Hints has been disabled'}, addressType: ${addressType}`;
      if (enabled) events.event(service, 'Normal', 'TopologyAwareHintsEnabled', message);
      else events.event(service, 'Warning', 'TopologyAwareHintsDisabled', message);
    }
  }

  #expect(
    key: Key,
    results: readonly PromiseSettledResult<EndpointSlice | undefined>[],
    removed: readonly EndpointSlice[],
    { of }: ReconcileContext,
  ): void {
    for (const result of results) {
      if (result.status === 'fulfilled' && result.value) this.#expectations.written(key, of(EndpointSlice), result.value);
    }
    if (results.every(({ status }) => status === 'fulfilled')) {
      for (const slice of removed) this.#expectations.deleted(key, of(EndpointSlice), slice);
    }
  }
}

function carryOut({ create, update, remove: gone }: Plan, context: ReconcileContext) {
  return Promise.allSettled([
    ...create.map((slice) => context.api.create(EndpointSlice, slice)),
    ...update.map((slice) => context.api.update(EndpointSlice, slice)),
    ...gone.map((slice) => remove(slice, context)),
  ]);
}

/** A reason to try again: the node of a pod may be about to be known. */
function lostPod(key: Key, { lost }: Plan): Error | undefined {
  const [pod] = lost;
  return pod && new Error(`skipping Pod ${pod.metadata.name} for Service ${key}: Node ${pod.spec.nodeName} Not Found`);
}

async function remove({ metadata }: EndpointSlice, { api }: ReconcileContext): Promise<undefined> {
  try {
    await api.delete(EndpointSlice, { name: metadata.name ?? '', namespace: metadata.namespace });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
