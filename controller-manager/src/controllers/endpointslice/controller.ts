import type { Clock } from '@keelson/base';
import {
  type ControllerDefinition,
  defineController,
  Expectations,
  type Key,
  mapped,
  type Outcome,
  type ReconcileContext,
  self,
} from '@keelson/runtime';
import { EndpointSlice, Event, Node, Pod, Service } from '@keelson/types';
import { isGone, isNamespaceEnding } from '../../api-errors.ts';
import { Pace } from '../../pace.ts';
import { podsOf, servicesOfPods } from '../../service-pods.ts';
import { managedByLabel, manager, planSlices, serviceNameLabel } from './plan.ts';

const byService = 'service';
const zoneLabel = 'topology.kubernetes.io/zone';

/** The longest time, in milliseconds, for which changes of a large Service's pods are put together. */
const longestRest = 100;

/** Lists the addresses behind each Service that selects pods. */
export function endpointSliceController(workers: number, max: number, clock: Clock): ControllerDefinition {
  const controller = new Slices(clock, max);
  return defineController({
    name: 'endpoint_slice',
    reads: [Service, Pod, Node, EndpointSlice],
    writes: [EndpointSlice, Event],
    triggers: [self(Service), servicesOfPods, mapped(EndpointSlice, serviceOf, { indexes: { [byService]: serviceOf } })],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

/** The Service whose slice this controller keeps. */
function serviceOf({ metadata }: EndpointSlice): readonly Key[] {
  const name = metadata.labels?.[serviceNameLabel];
  return name && metadata.labels?.[managedByLabel] === manager ? [`${metadata.namespace}/${name}`] : [];
}

class Slices {
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
      return undefined;
    }
    if (!service.spec.selector || service.metadata.deletionTimestamp || !this.#expectations.satisfied(key)) return undefined;
    const wait = this.#pace.wait(key);
    if (wait > 0) return { again: wait };
    const slices = context
      .of(EndpointSlice)
      .byIndex(byService, key)
      .filter(({ metadata }) => !metadata.deletionTimestamp);
    const zoneOf = (name: string): string | undefined => context.of(Node).get(name)?.metadata.labels?.[zoneLabel];
    const pods = podsOf(service, context);
    const plan = planSlices({ service, pods, slices, zoneOf, max: this.#max });
    const writes = [
      ...plan.create.map((slice) => context.api.create(EndpointSlice, slice)),
      ...plan.update.map((slice) => context.api.update(EndpointSlice, slice)),
      ...plan.remove.map((slice) => remove(slice, context)),
    ];
    const results = await Promise.allSettled(writes);
    this.#pace.worked(key, pods.length);
    this.#expect(key, results, plan.remove, context);
    const failed = results.find((result) => result.status === 'rejected' && !isNamespaceEnding(result.reason));
    if (failed?.status === 'rejected') throw failed.reason;
    return undefined;
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

async function remove({ metadata }: EndpointSlice, { api }: ReconcileContext): Promise<undefined> {
  try {
    await api.delete(EndpointSlice, { name: metadata.name ?? '', namespace: metadata.namespace });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
